import { randomBytes } from "node:crypto";
import type { Problem } from "@pombo/contract";
import { deviceEndpointId, type DeviceId, type EndpointId } from "@pombo/domain";
import { mintSecret } from "@pombo/webhook";
import type { Caller } from "./authenticate.ts";
import { refuseTarget, tooMany, type WebhooksDeps } from "./routes/webhooks.ts";

/** What a device's own webhook shall be; null: none. */
export type WantedWebhook = {
  readonly url: string;
  readonly events?: readonly string[] | undefined;
  readonly secret?: string | undefined;
} | null;

export type DeviceWebhook =
  | { readonly kind: "none" }
  /** `secret` when it was made or given just now. */
  | {
      readonly kind: "webhook";
      readonly id: EndpointId;
      readonly url: string;
      readonly secret?: string;
    }
  | { readonly kind: "refused"; readonly problem: Problem };

/** Makes, changes or deletes the one webhook that is a device's own; it is an endpoint like all others, and hears of this device only. */
export async function setDeviceWebhook(
  { deviceId, caller }: { readonly deviceId: DeviceId; readonly caller: Caller },
  wanted: WantedWebhook,
  deps: WebhooksDeps,
): Promise<DeviceWebhook> {
  const { ledger, settings, now } = deps;
  const id = deviceEndpointId(deviceId);
  if (wanted === null) {
    await ledger.deleteEndpoint(id);
    return { kind: "none" };
  }
  const { url, events } = wanted;
  const problem = await refuseTarget({ url }, caller, deps);
  if (problem !== undefined) return { kind: "refused", problem };
  const secret = wanted.secret ?? mintSecret(randomBytes(32));
  const made = await ledger.createEndpoint({
    id,
    url,
    secret,
    description: "",
    events: events ?? ["*"],
    devices: [deviceId],
    keyId: caller.keyId,
    now: now(),
  });
  if (made === "full") return { kind: "refused", problem: tooMany(settings) };
  if (made === "created") return { kind: "webhook", id, url, secret };
  await ledger.editEndpoint(id, { url, ...(events === undefined ? {} : { events }) });
  if (wanted.secret === undefined) return { kind: "webhook", id, url };
  await ledger.rotateSecret(id, secret, now() + settings.webhook_overlap_ms);
  return { kind: "webhook", id, url, secret };
}

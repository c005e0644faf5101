import type { DeviceId } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import { json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { askDevice, type DeviceRequestDeps } from "../device-request.ts";
import { type DeviceWebhook, setDeviceWebhook } from "../device-webhook.ts";
import { readPace } from "../pace.ts";
import { isPaired } from "./connection.ts";
import type { WebhooksDeps } from "./webhooks.ts";
import { noDevice, renderDevice, visibleDevice } from "./devices.ts";

/** `PATCH /v1/devices/:id` */
export function changeDevice(
  deps: WebhooksDeps & { readonly ledger: Pick<Ledger, "editDevice"> },
): Handler<"changeDevice"> {
  const { ledger } = deps;
  return async ({ params, caller, body }) => {
    const device = await visibleDevice(params.id, caller, ledger);
    if (device === undefined) return refuse(noDevice);
    const { name, pace, webhook: wanted } = body;
    const set = { deviceId: device.id, caller };
    const webhook = wanted === undefined ? undefined : await setDeviceWebhook(set, wanted, deps);
    if (webhook?.kind === "refused") return refuse(webhook.problem);
    await ledger.editDevice(device.id, {
      ...(name === undefined ? {} : { name }),
      ...(pace === undefined ? {} : { pace: readPace(pace) }),
    });
    const changed = await ledger.findDevice(device.id);
    if (changed === undefined) return refuse(noDevice);
    const rendered = renderDevice(changed);
    return json(
      200,
      webhook === undefined ? rendered : { ...rendered, webhook: renderWebhook(webhook) },
    );
  };
}

function renderWebhook(webhook: Exclude<DeviceWebhook, { kind: "refused" }>) {
  if (webhook.kind === "none") return null;
  const { id, url, secret } = webhook;
  return { webhook_id: id, url, ...(secret === undefined ? {} : { secret }) };
}

export interface DeletionDeps extends DeviceRequestDeps {
  readonly ledger: DeviceRequestDeps["ledger"] & Pick<Ledger, "removeDevice">;
  readonly log: Pick<Log, "error">;
}

/** `DELETE /v1/devices/:id`: logged out if that can be had, then removed. */
export function deleteDevice(deps: DeletionDeps): Handler<"deleteDevice"> {
  return async ({ params, caller, client }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    if (device.owned && isPaired(device)) {
      const reply = await askDevice(device.id, { kind: "logout", signal: client.stop }, deps);
      if (reply.kind === "refused")
        deps.log.error("device.not_logged_out", { device_id: device.id, code: reply.problem.code });
    }
    await remove(device.id, deps);
    return json(200, { success: true, device_id: device.id });
  };
}

const STEPS = 50;

/** The first step deletes the device; what is left of its messages after so many is ended by the workers. */
async function remove(id: DeviceId, { ledger, now }: DeletionDeps): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one bounded step after the other
    if ((await ledger.removeDevice(id, now())) !== "more") return;
  }
}

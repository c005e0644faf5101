import { createHash, randomBytes } from "node:crypto";
import { EVENT_FILTERS } from "@pombo/contract";
import { deviceEndpointId, type DeviceId, type EndpointId } from "@pombo/domain";
import type { EndpointRecord } from "@pombo/ledger";
import { isSecret, mintSecret } from "@pombo/webhook";
import { type Answer, json, refuse } from "../../answer.ts";
import type { Call, Handler } from "../../bind-route.ts";
import { noDevice, visibleDevice } from "../../routes/devices.ts";
import { refuseTarget, tooMany, type WebhooksDeps } from "../../routes/webhooks.ts";
import { deviceMeant } from "./device.ts";
import { second } from "./second.ts";

/** What it is called among the others. */
const MARK = "wuts";

/** A device has one webhook in this dialect. */
function idOf(deviceId: DeviceId): EndpointId {
  return deviceEndpointId(deviceId, "wuts");
}

/** `POST /webhook`: the one of the device, made or changed. */
export function putWebhook(deps: WebhooksDeps): Handler<"wutsPutWebhook"> {
  return async (call) => {
    const meant = deviceMeant(call.caller, call.body.device_id);
    if (meant.kind === "refused") return meant.answer;
    if ((await visibleDevice(meant.id, call.caller, deps.ledger)) === undefined)
      return refuse(noDevice);
    const url = call.body.webhook_url;
    const problem = await refuseTarget({ url }, call.caller, deps);
    if (problem !== undefined) return refuse(renamed(problem, url));
    const minted = call.body.secret ?? mintSecret(randomBytes(32));
    const made = await create(meant.id, call, { ...deps, secret: secretOf(minted) });
    if (made === "full") return refuse(tooMany(deps.settings));
    const given = made === "created" ? minted : call.body.secret;
    const secret = given === undefined ? undefined : secretOf(given);
    const known = await deps.ledger.findEndpoint(idOf(meant.id));
    if (made === "exists" && known !== undefined) await change(known, call, { ...deps, secret });
    if (call.body.enabled === false)
      await deps.ledger.stopEndpoint(idOf(meant.id), "disabled", {
        reason: "requested",
        now: deps.now(),
      });
    return answer(meant.id, "Webhook configured", { ...deps, secret });
  };
}

/** `GET /webhook` */
export function getWebhookOfDevice(deps: WebhooksDeps): Handler<"wutsGetWebhook"> {
  return async ({ caller, query }) => {
    const meant = deviceMeant(caller, query.device_id);
    if (meant.kind === "refused") return meant.answer;
    if ((await visibleDevice(meant.id, caller, deps.ledger)) === undefined) return refuse(noDevice);
    return answer(meant.id, "Webhook", { ...deps, secret: undefined });
  };
}

function renamed(problem: Parameters<typeof refuse>[0], value: string): typeof problem {
  if (problem.validation === undefined) return problem;
  const message = "webhook_url must be https:// and at a public address";
  return { ...problem, validation: [{ field: "webhook_url", message, value }] };
}

/** This dialect takes any text: what is no secret of ours is made one. */
function secretOf(given: string): string {
  return isSecret(given) ? given : mintSecret(createHash("sha256").update(given).digest());
}

type Deps = WebhooksDeps & { readonly secret: string | undefined };
type Put = Pick<Call<"wutsPutWebhook">, "body" | "caller">;

/** Those that there are; when there is none of them, the webhook hears of nothing that happens. */
function eventsOf({ body }: Put): readonly string[] {
  const known = body.enabled_events.filter((name) => EVENT_FILTERS.includes(name));
  return known.length === 0 ? ["webhook.test"] : known;
}

async function create(
  deviceId: DeviceId,
  put: Put,
  { ledger, now, secret = "" }: Deps,
): ReturnType<WebhooksDeps["ledger"]["createEndpoint"]> {
  return ledger.createEndpoint({
    id: idOf(deviceId),
    url: put.body.webhook_url,
    secret,
    description: MARK,
    events: eventsOf(put),
    devices: [deviceId],
    keyId: put.caller.keyId,
    now: now(),
  });
}

async function change(known: EndpointRecord, put: Put, deps: Deps): Promise<void> {
  const { ledger, now, settings, secret } = deps;
  await ledger.editEndpoint(known.id, { url: put.body.webhook_url, events: eventsOf(put) });
  if (secret !== undefined)
    await ledger.rotateSecret(known.id, secret, now() + settings.webhook_overlap_ms);
  if (put.body.enabled !== false && known.state !== "enabled")
    await ledger.resumeEndpoint(known.id, "cursor", now());
}

async function answer(deviceId: DeviceId, message: string, deps: Deps): Promise<Answer> {
  const found = await deps.ledger.findEndpoint(idOf(deviceId));
  const { secret } = deps;
  const webhook =
    found === undefined
      ? null
      : {
          id: found.id,
          device_id: deviceId,
          webhook_url: found.url,
          enabled_events: [...found.events],
          enabled: found.state === "enabled",
          ...(secret === undefined ? {} : { secret }),
          created_at: second(found.createdAt),
        };
  return json(200, { success: true, message, webhook });
}

import { createHash, randomBytes } from "node:crypto";
import { EVENT_FILTERS } from "@pombo/contract";
import { type DeviceId, mintEndpointId } from "@pombo/domain";
import type { EndpointRecord } from "@pombo/ledger";
import { mintSecret } from "@pombo/webhook";
import { type Answer, json, refuse } from "../../answer.ts";
import type { Call, Handler } from "../../bind-route.ts";
import { noDevice, visibleDevice } from "../../routes/devices.ts";
import { refuseTarget, type WebhooksDeps } from "../../routes/webhooks.ts";
import { deviceMeant } from "./device.ts";
import { second } from "./second.ts";

/** How the one webhook of a device in this dialect is known among the others. */
const MARK = "wuts";

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
    const known = await find(meant.id, deps);
    const secret = secretOf(call.body.secret, known);
    const id = known === undefined ? await create(meant.id, call, { ...deps, secret }) : known.id;
    if (id === undefined)
      return refuse({ code: "CONFLICT", detail: "There are too many webhooks already" });
    if (known !== undefined) await change(known, call, { ...deps, secret });
    if (call.body.enabled === false)
      await deps.ledger.stopEndpoint(id, "disabled", { reason: "requested", now: deps.now() });
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

/** Undefined: the one that is known stays. */
function secretOf(
  given: string | undefined,
  known: EndpointRecord | undefined,
): string | undefined {
  if (given === undefined) return known === undefined ? mintSecret(randomBytes(32)) : undefined;
  return given.startsWith("whsec_")
    ? given
    : mintSecret(createHash("sha256").update(given).digest());
}

type Deps = WebhooksDeps & { readonly secret: string | undefined };
type Put = Pick<Call<"wutsPutWebhook">, "body" | "caller">;

async function find(
  deviceId: DeviceId,
  { ledger }: Pick<WebhooksDeps, "ledger">,
): Promise<EndpointRecord | undefined> {
  const all = await ledger.listEndpoints();
  return all.find(
    ({ description, devices }) =>
      description === MARK && devices !== "*" && devices.length === 1 && devices[0] === deviceId,
  );
}

/** Those that there are; when there is none of them, the webhook hears of nothing that happens. */
function eventsOf({ body }: Put): readonly string[] {
  const known = body.enabled_events.filter((name) => EVENT_FILTERS.includes(name));
  return known.length === 0 ? ["webhook.test"] : known;
}

async function create(
  deviceId: DeviceId,
  put: Put,
  { ledger, now, secret = "" }: Deps,
): Promise<EndpointRecord["id"] | undefined> {
  const id = mintEndpointId(randomBytes(8));
  const made = await ledger.createEndpoint({
    id,
    url: put.body.webhook_url,
    secret,
    description: MARK,
    events: eventsOf(put),
    devices: [deviceId],
    keyId: put.caller.keyId,
    now: now(),
  });
  return made ? id : undefined;
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
  const found = await find(deviceId, deps);
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

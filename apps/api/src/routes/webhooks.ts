import { randomBytes } from "node:crypto";
import { refuseHost } from "@pombo/address-guard";
import type { Problem, WebhookBody } from "@pombo/contract";
import {
  type EndpointId,
  isDeviceId,
  isEndpointId,
  mintEndpointId,
  type Settings,
} from "@pombo/domain";
import type { EndpointRecord, Ledger } from "@pombo/ledger";
import { mintSecret } from "@pombo/webhook";
import { type Answer, instant, json, refuse } from "../answer.ts";
import { answerOnce } from "../answer-once.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import { noSuchDevice } from "../grant.ts";
import type { IdempotencyRecords } from "../idempotency.ts";
import { instantOrNull } from "../render-message.ts";

export interface WebhooksDeps {
  readonly ledger: IdempotencyRecords &
    Pick<
      Ledger,
      | "createEndpoint"
      | "deleteEndpoint"
      | "editEndpoint"
      | "findDevice"
      | "findEndpoint"
      | "listEndpoints"
      | "resumeEndpoint"
      | "rotateSecret"
      | "stopEndpoint"
    >;
  /** Webhooks may be plain HTTP, and on our own network. */
  readonly allowsPrivate: boolean;
  readonly settings: Settings;
  readonly now: () => number;
}

export const noWebhook = { code: "NOT_FOUND", detail: "There is no such webhook" } as const;

/**
 * `POST /v1/webhooks`. The secret is shown once, so a repeat under the same Idempotency-Key is answered CONFLICT and the id, and whoever did
 * not get the first answer replaces the secret.
 */
export function createWebhook(deps: WebhooksDeps): Handler<"createWebhook"> {
  return async (call) => {
    const problem = await refuseTarget(call.body, call.caller, deps);
    if (problem !== undefined) return refuse(problem);
    const id = mintEndpointId(randomBytes(8));
    let fresh: Answer | undefined;
    const create = async (taken: EndpointId): Promise<Answer> => {
      fresh = await created(taken, call, deps);
      return fresh?.kind === "problem" ? fresh : shownBefore(taken, call);
    };
    const kept = await answerOnce(call, { route: "createWebhook", id, create }, deps);
    return fresh ?? kept;
  };
}

/** Undefined when it is there already. */
async function created(
  id: EndpointId,
  { body, caller }: Call<"createWebhook">,
  { ledger, settings, now }: WebhooksDeps,
): Promise<Answer | undefined> {
  const secret = body.secret ?? mintSecret(randomBytes(32));
  const made = await ledger.createEndpoint({
    id,
    url: body.url,
    secret,
    description: body.description ?? "",
    events: body.events ?? ["*"],
    devices: body.devices ?? caller.devices,
    keyId: caller.keyId,
    now: now(),
  });
  if (made === "exists") return undefined;
  if (made === "full") return refuse(tooMany(settings));
  return answerWebhook(id, { ledger, now }, { status: 201, secret });
}

export function tooMany({ webhook_endpoints_limit: limit }: Settings): Problem {
  return { code: "CONFLICT", detail: `There are ${limit} webhooks already` };
}

/** What a repeat is answered; kept in place of the first answer. */
function shownBefore(id: string, call: Call<"createWebhook">): Answer {
  const detail = `The webhook ${id} was created by an earlier request with this Idempotency-Key, and its secret is shown only once: replace it by rotate-secret`;
  const { status, headers, body } = call.render({ code: "CONFLICT", detail });
  return { kind: "answer", status, headers, body: JSON.stringify(body) };
}

/** `GET /v1/webhooks` */
export function listWebhooks({ ledger, now }: WebhooksDeps): Handler<"listWebhooks"> {
  return async ({ caller }) => {
    const all = await ledger.listEndpoints();
    const webhooks = all
      .filter((endpoint) => reaches(caller, endpoint.devices))
      .map((endpoint) => fieldsOf(endpoint, now()));
    return json(200, { success: true, webhooks });
  };
}

/** `GET /v1/webhooks/:id` */
export function getWebhook({ ledger, now }: WebhooksDeps): Handler<"getWebhook"> {
  return async ({ params, caller }) => {
    const endpoint = await visibleEndpoint(params.id, caller, ledger);
    if (endpoint === undefined) return refuse(noWebhook);
    return answerWebhook(endpoint.id, { ledger, now });
  };
}

/** `PATCH /v1/webhooks/:id` */
export function changeWebhook(deps: WebhooksDeps): Handler<"changeWebhook"> {
  const { ledger, now } = deps;
  return async ({ params, caller, body }) => {
    const endpoint = await visibleEndpoint(params.id, caller, ledger);
    if (endpoint === undefined) return refuse(noWebhook);
    const problem = await refuseTarget(body, caller, deps);
    if (problem !== undefined) return refuse(problem);
    const { enabled, url, description, events, devices } = body;
    await ledger.editEndpoint(endpoint.id, {
      ...(url === undefined ? {} : { url }),
      ...(description === undefined ? {} : { description }),
      ...(events === undefined ? {} : { events }),
      ...(devices === undefined ? {} : { devices }),
    });
    if (enabled === false)
      await ledger.stopEndpoint(endpoint.id, "disabled", { reason: "requested", now: now() });
    if (enabled === true && endpoint.state !== "enabled")
      await ledger.resumeEndpoint(endpoint.id, "cursor", now());
    return answerWebhook(endpoint.id, deps);
  };
}

/** `DELETE /v1/webhooks/:id` */
export function deleteWebhook({ ledger }: WebhooksDeps): Handler<"deleteWebhook"> {
  return async ({ params, caller }) => {
    const endpoint = await visibleEndpoint(params.id, caller, ledger);
    if (endpoint === undefined) return refuse(noWebhook);
    await ledger.deleteEndpoint(endpoint.id);
    return json(200, { success: true, webhook_id: endpoint.id });
  };
}

/** `POST /v1/webhooks/:id/rotate-secret` */
export function rotateWebhookSecret(deps: WebhooksDeps): Handler<"rotateWebhookSecret"> {
  const { ledger, settings, now } = deps;
  return async ({ params, caller, body }) => {
    const endpoint = await visibleEndpoint(params.id, caller, ledger);
    if (endpoint === undefined) return refuse(noWebhook);
    const secret = body.secret ?? mintSecret(randomBytes(32));
    await ledger.rotateSecret(endpoint.id, secret, now() + settings.webhook_overlap_ms);
    return answerWebhook(endpoint.id, deps, { status: 200, secret });
  };
}

/** `POST /v1/webhooks/:id/resume` */
export function resumeWebhook({ ledger, now }: WebhooksDeps): Handler<"resumeWebhook"> {
  return async ({ params, caller, body }) => {
    const endpoint = await visibleEndpoint(params.id, caller, ledger);
    if (endpoint === undefined) return refuse(noWebhook);
    await ledger.resumeEndpoint(endpoint.id, body.from ?? "cursor", now());
    return answerWebhook(endpoint.id, { ledger, now });
  };
}

/** The endpoint, unless it reaches further than the devices of the key. */
export async function visibleEndpoint(
  id: string,
  caller: Caller,
  ledger: Pick<Ledger, "findEndpoint">,
): Promise<EndpointRecord | undefined> {
  const endpoint = isEndpointId(id) ? await ledger.findEndpoint(id) : undefined;
  return endpoint !== undefined && reaches(caller, endpoint.devices) ? endpoint : undefined;
}

function reaches(caller: Caller, devices: EndpointRecord["devices"]): boolean {
  if (devices === "*") return caller.devices === "*";
  return devices.every((id) => maySee(caller, id));
}

/** Why a webhook may not go there, or may not hear of these devices. */
export async function refuseTarget(
  {
    url,
    devices,
  }: { readonly url?: string | undefined; readonly devices?: "*" | readonly string[] | undefined },
  caller: Caller,
  { ledger, allowsPrivate }: Pick<WebhooksDeps, "ledger" | "allowsPrivate">,
): Promise<Problem | undefined> {
  if (url !== undefined && !allowsPrivate && !isPublicTarget(url))
    return {
      code: "VALIDATION_ERROR",
      validation: [
        { field: "url", message: "url must be https:// and at a public address", value: url },
      ],
    };
  if (devices === "*" && caller.devices !== "*")
    return { code: "FORBIDDEN", detail: "The API key is limited to certain devices" };
  if (devices === undefined || devices === "*") return undefined;
  const found = await Promise.all(
    devices.map(async (id) =>
      isDeviceId(id) && maySee(caller, id) ? ledger.findDevice(id) : undefined,
    ),
  );
  const missing = devices.find((_, index) => found[index] === undefined);
  return missing === undefined ? undefined : noSuchDevice(missing);
}

/** Names are looked up when it is posted; here only an address as host is looked at. */
function isPublicTarget(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== "https:") return false;
  try {
    refuseHost(url.hostname);
    return true;
  } catch {
    return false;
  }
}

async function answerWebhook(
  id: EndpointId,
  { ledger, now }: { readonly ledger: Pick<Ledger, "findEndpoint">; readonly now: () => number },
  { status, secret }: { readonly status: number; readonly secret?: string } = { status: 200 },
): Promise<Answer> {
  const endpoint = await ledger.findEndpoint(id);
  if (endpoint === undefined) return refuse(noWebhook);
  const body: WebhookBody = { success: true, ...fieldsOf(endpoint, now()) };
  return json(status, secret === undefined ? body : { ...body, secret });
}

function fieldsOf(endpoint: EndpointRecord, now: number): Omit<WebhookBody, "success"> {
  const { id, devices, openUntil, gap, replay, oldSecretUntil, failures } = endpoint;
  const { open, retrying, parked } = endpoint;
  return {
    webhook_id: id,
    url: endpoint.url,
    description: endpoint.description,
    events: [...endpoint.events],
    devices: devices === "*" ? "*" : [...devices],
    state: endpoint.state,
    reason: endpoint.reason ?? null,
    state_since: instant(endpoint.stateAt),
    circuit: {
      state: openUntil === undefined ? "closed" : "open",
      failures,
      open_until: instantOrNull(openUntil),
    },
    cursor: endpoint.cursor,
    gap: gap === undefined ? null : { from_cursor: gap.from, to_cursor: gap.to },
    replay: replay === undefined ? null : { after_cursor: replay.after, to_cursor: replay.to },
    deliveries: { open, retrying, parked },
    old_secret_expires_at:
      oldSecretUntil === undefined || oldSecretUntil <= now ? null : instant(oldSecretUntil),
    created_at: instant(endpoint.createdAt),
  };
}

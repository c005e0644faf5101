import { randomBytes } from "node:crypto";
import type { ApiKeyBody } from "@pombo/contract";
import { type CellId, type DeviceId, isDeviceId } from "@pombo/domain";
import { type ApiKeyRecord, digestApiKey, type Ledger } from "@pombo/ledger";
import { type Answer, instant, json, refuse } from "../answer.ts";
import { answerOnce } from "../answer-once.ts";
import type { Caller } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import { maySeeKey, noSuchDevice, refuseGrant } from "../grant.ts";
import type { IdempotencyRecords } from "../idempotency.ts";
import { instantOrNull } from "../render-message.ts";

export interface ApiKeysDeps {
  readonly ledger: IdempotencyRecords &
    Pick<Ledger, "createApiKey" | "findApiKeyById" | "findDevice" | "listApiKeys" | "revokeApiKey">;
  readonly cell: CellId;
  readonly now: () => number;
}

const absent = { code: "NOT_FOUND", detail: "There is no such API key" } as const;

/**
 * `POST /v1/api-keys`. The key is shown once and kept nowhere, so a repeat under the same Idempotency-Key can't be answered with
 * it: it is answered CONFLICT and the id, and whoever did not get the first answer revokes that one and creates another.
 */
export function createApiKey(deps: ApiKeysDeps): Handler<"createApiKey"> {
  return async (call) => {
    const wrong = checkBody(call.body, deps.now());
    if (wrong !== undefined) return wrong;
    const problem = refuseGrant(call.caller, call.body) ?? (await unknownDevice(call.body, deps));
    if (problem !== undefined) return refuse(problem);
    const id = `key_${randomBytes(8).toString("hex")}`;
    let fresh: Answer | undefined;
    const create = async (taken: string): Promise<Answer> => {
      fresh = await created(taken, call, deps);
      return shownBefore(taken, call);
    };
    const kept = await answerOnce(call, { route: "createApiKey", id, create }, deps);
    return fresh ?? kept;
  };
}

/** Undefined when the key is there already. */
async function created(
  id: string,
  { body, caller }: Call<"createApiKey">,
  { ledger, cell, now }: ApiKeysDeps,
): Promise<Answer | undefined> {
  const key = `pombo_${cell}_${randomBytes(32).toString("base64url")}`;
  const { name, device_id: deviceId, expires_at: expiresAt } = body;
  const record: ApiKeyRecord = {
    id,
    name,
    scopes: [...new Set(body.scopes)],
    devices: body.devices === "*" ? "*" : [...new Set(body.devices)],
    createdAt: now(),
    createdBy: caller.keyId,
    ...(deviceId === undefined ? {} : { deviceId: deviceId as DeviceId }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  if (!(await ledger.createApiKey(digestApiKey(key), record))) return undefined;
  return json(201, { success: true, ...fieldsOf(record, now()), key });
}

/** What a repeat is answered; kept in place of the first answer. */
function shownBefore(id: string, call: Call<"createApiKey">): Answer {
  const detail = `The API key ${id} was created by an earlier request with this Idempotency-Key and is shown only once: revoke it and create another`;
  const { status, headers, body } = call.render({ code: "CONFLICT", detail });
  return { kind: "answer", status, headers, body: JSON.stringify(body) };
}

function checkBody(body: Call<"createApiKey">["body"], now: number): Answer | undefined {
  const { devices, device_id: bound, expires_at: end } = body;
  if (end !== undefined && end <= now)
    return invalid("expires_at", "expires_at must be in the future", instant(end));
  if (bound !== undefined && devices !== "*" && !devices.includes(bound))
    return invalid("device_id", "device_id must be one of devices", bound);
  return undefined;
}

function invalid(field: string, message: string, value: string): Answer {
  return refuse({ code: "VALIDATION_ERROR", validation: [{ field, message, value }] });
}

async function unknownDevice(
  { devices, device_id: bound }: Call<"createApiKey">["body"],
  { ledger }: Pick<ApiKeysDeps, "ledger">,
) {
  const named = [...(devices === "*" ? [] : devices), ...(bound === undefined ? [] : [bound])];
  const found = await Promise.all(
    named.map((id) => (isDeviceId(id) ? ledger.findDevice(id) : Promise.resolve(undefined))),
  );
  const missing = named.find((_, index) => found[index] === undefined);
  return missing === undefined ? undefined : noSuchDevice(missing);
}

/** `GET /v1/api-keys` */
export function listApiKeys({ ledger, now }: ApiKeysDeps): Handler<"listApiKeys"> {
  return async ({ caller, query }) => {
    const limit = Math.max(1, query.limit ?? 100);
    const after = query.cursor === undefined ? {} : { after: query.cursor };
    const { keys, next } = await ledger.listApiKeys({ ...after, limit });
    const seen = keys.filter((key) => maySeeKey(caller, key)).map((key) => fieldsOf(key, now()));
    return json(200, { success: true, api_keys: seen, next_cursor: next ?? null });
  };
}

/** `GET /v1/api-keys/:id` */
export function getApiKey({ ledger, now }: ApiKeysDeps): Handler<"getApiKey"> {
  return async ({ caller, params }) => {
    const record = await visibleKey(params.id, caller, ledger);
    return record === undefined ? refuse(absent) : answerKey(record, now());
  };
}

/** `DELETE /v1/api-keys/:id` */
export function revokeApiKey({ ledger, now }: ApiKeysDeps): Handler<"revokeApiKey"> {
  return async ({ caller, params }) => {
    const record = await visibleKey(params.id, caller, ledger);
    if (record === undefined) return refuse(absent);
    const scope = record.scopes.find((held) => !caller.scopes.includes(held));
    if (scope !== undefined)
      return refuse({ code: "FORBIDDEN", detail: `The API key lacks the scope ${scope}` });
    const revoked = await ledger.revokeApiKey(record.id, now());
    return revoked === undefined ? refuse(absent) : answerKey(revoked, now());
  };
}

async function visibleKey(
  id: string,
  caller: Caller,
  ledger: Pick<Ledger, "findApiKeyById">,
): Promise<ApiKeyRecord | undefined> {
  if (!/^key_[0-9a-f]{1,64}$/.test(id)) return undefined;
  const record = await ledger.findApiKeyById(id);
  return record !== undefined && maySeeKey(caller, record) ? record : undefined;
}

function answerKey(record: ApiKeyRecord, now: number): Answer {
  const body: ApiKeyBody = { success: true, ...fieldsOf(record, now) };
  return json(200, body);
}

function fieldsOf(record: ApiKeyRecord, now: number): Omit<ApiKeyBody, "success"> {
  const { id, name, scopes, devices, deviceId, expiresAt, revokedAt } = record;
  return {
    id,
    name,
    state: stateOf(record, now),
    scopes: [...scopes],
    devices: devices === "*" ? "*" : [...devices],
    device_id: deviceId ?? null,
    created_at: instant(record.createdAt),
    created_by: record.createdBy ?? null,
    last_used_at: instantOrNull(record.lastUsedAt),
    expires_at: instantOrNull(expiresAt),
    revoked_at: instantOrNull(revokedAt),
  };
}

function stateOf({ expiresAt, revokedAt }: ApiKeyRecord, now: number): ApiKeyBody["state"] {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && expiresAt <= now ? "expired" : "active";
}

import { randomBytes } from "node:crypto";
import type { PoolBody, Problem } from "@pombo/contract";
import { type DeviceId, isDeviceId, isPoolId, mintPoolId, type PoolId } from "@pombo/domain";
import type { Ledger, PoolRecord } from "@pombo/ledger";
import { type Answer, instant, json, refuse } from "../answer.ts";
import { answerOnce } from "../answer-once.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Handler } from "../bind-route.ts";
import { maySeePool, noSuchDevice } from "../grant.ts";
import type { IdempotencyRecords } from "../idempotency.ts";

export interface PoolsDeps {
  readonly ledger: IdempotencyRecords &
    Pick<Ledger, "createPool" | "deletePool" | "editPool" | "findPool" | "listPools">;
  readonly now: () => number;
}

const noPool = { code: "NOT_FOUND", detail: "There is no such pool" } as const;
const inUse = {
  code: "CONFLICT",
  detail: "Batches are sent from this pool: cancel them, or wait for their end",
} as const;
const tooMany = { code: "CONFLICT", detail: "There are too many pools" } as const;

/** `POST /v1/pools` */
export function createPool(deps: PoolsDeps): Handler<"createPool"> {
  const { ledger, now } = deps;
  return async (call) => {
    const { name, strategy = "balanced" } = call.body;
    const { keyId } = call.caller;
    const named = readDevices(call.body.devices, call.caller);
    if (named.kind === "refused") return refuse(named.problem);
    const { devices } = named;
    const create = async (id: PoolId): Promise<Answer> => {
      const made = await ledger.createPool({ id, name, strategy, devices, keyId, now: now() });
      if (made.kind === "no-device") return refuse(noSuchDevice(made.deviceId));
      return made.kind === "full" ? refuse(tooMany) : answerPool(id, ledger, 201);
    };
    return answerOnce(call, { route: "createPool", id: mintPoolId(randomBytes(8)), create }, deps);
  };
}

/** `GET /v1/pools` */
export function listPools({ ledger }: PoolsDeps): Handler<"listPools"> {
  return async ({ caller }) => {
    const pools = (await ledger.listPools()).filter((pool) => maySeePool(caller, pool));
    return json(200, { success: true, pools: pools.map((pool) => fieldsOf(pool)) });
  };
}

/** `GET /v1/pools/:id` */
export function getPool({ ledger }: PoolsDeps): Handler<"getPool"> {
  return async ({ params, caller }) => {
    const pool = await visiblePool(params.id, caller, ledger);
    return pool === undefined ? refuse(noPool) : json(200, renderPool(pool));
  };
}

/** `PATCH /v1/pools/:id` */
export function changePool({ ledger, now }: PoolsDeps): Handler<"changePool"> {
  return async ({ params, caller, body }) => {
    const pool = await visiblePool(params.id, caller, ledger);
    if (pool === undefined) return refuse(noPool);
    const { name, strategy } = body;
    const named = readDevices(body.devices ?? [], caller);
    if (named.kind === "refused") return refuse(named.problem);
    const { devices } = named;
    const wanted = {
      ...(name === undefined ? {} : { name }),
      ...(strategy === undefined ? {} : { strategy }),
    };
    const edited = await ledger.editPool(pool.id, { ...wanted, devices }, now());
    if (edited.kind === "no-device") return refuse(noSuchDevice(edited.deviceId));
    return answerPool(pool.id, ledger);
  };
}

/** `DELETE /v1/pools/:id` */
export function deletePool({ ledger, now }: PoolsDeps): Handler<"deletePool"> {
  return async ({ params, caller }) => {
    const pool = await visiblePool(params.id, caller, ledger);
    if (pool === undefined) return refuse(noPool);
    const deleted = await ledger.deletePool(pool.id, now());
    if (deleted === "absent") return refuse(noPool);
    return deleted === "in-use" ? refuse(inUse) : json(200, { success: true, pool_id: pool.id });
  };
}

/** The pool, unless it does not exist or has a device that the key may not see. */
async function visiblePool(
  id: string,
  caller: Caller,
  { findPool }: Pick<Ledger, "findPool">,
): Promise<PoolRecord | undefined> {
  const pool = isPoolId(id) ? await findPool(id) : undefined;
  return pool !== undefined && maySeePool(caller, pool) ? pool : undefined;
}

/** The devices that a body names: a key gives a pool none that it may not see itself. */
function readDevices(
  ids: readonly string[],
  caller: Caller,
):
  | { readonly kind: "devices"; readonly devices: readonly DeviceId[] }
  | { readonly kind: "refused"; readonly problem: Problem } {
  const foreign = ids.find((id) => !isDeviceId(id) || !maySee(caller, id));
  return foreign === undefined
    ? { kind: "devices", devices: ids.filter(isDeviceId) }
    : { kind: "refused", problem: noSuchDevice(foreign) };
}

async function answerPool(
  id: PoolId,
  { findPool }: Pick<Ledger, "findPool">,
  status = 200,
): Promise<Answer> {
  const pool = await findPool(id);
  return pool === undefined ? refuse(noPool) : json(status, renderPool(pool));
}

function renderPool(pool: PoolRecord): PoolBody {
  return { success: true, ...fieldsOf(pool) };
}

function fieldsOf({ id, name, devices, strategy, createdAt }: PoolRecord) {
  return { pool_id: id, name, devices: [...devices], strategy, created_at: instant(createdAt) };
}

import {
  type BatchId,
  catalogRow,
  type DeviceId,
  type Effect,
  ENTRANCES,
  ERROR_CODES,
  type ErrorCode,
  type MessageId,
} from "@pombo/domain";
import type { Keys, Redis, ScriptArgument } from "@pombo/redis";
import { originList } from "./attempts.ts";
import type { ErasureStep } from "./erasures.ts";
import type { LetterCursor } from "./letters.ts";
import type { Run } from "./scripts.ts";

/** Which dead letters an operation is about; absent: all. */
export interface LetterFilter {
  readonly code?: ErrorCode;
  readonly deviceId?: DeviceId;
  readonly batchId?: BatchId;
  /** `possible`: it may have left; `none`: it can't have. */
  readonly effect?: Effect;
  /** Failed at that time or later, ms since the epoch. */
  readonly since?: number;
}

export interface NewOperation {
  readonly id: string;
  readonly kind: "redrive" | "discard";
  readonly filter: LetterFilter;
  /** Those that its key may see. */
  readonly devices: "*" | readonly string[];
  /** Those that were chosen one by one; absent: all that the filter means. */
  readonly ids?: readonly MessageId[];
  /** Of a redrive: what may have left goes as new messages. */
  readonly anew?: boolean;
  /** No letters that came later than this one; absent: all that there are now. */
  readonly until?: LetterCursor;
  readonly keyId: string;
  readonly now: number;
}

/** A piece of work of many steps, over letters or over all that is kept. At its end done + failed + skipped is the total. */
export interface OperationRecord {
  readonly id: string;
  readonly kind: NewOperation["kind"] | "erase";
  readonly state: "running" | "done" | "failed";
  readonly filter: LetterFilter;
  readonly keyId: string;
  /** Letters, or whatever else, to look at. */
  readonly total: number;
  readonly done: number;
  /** Refused; `refused` says why. */
  readonly failed: number;
  /** Not what the filter asks for. */
  readonly skipped: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly createdAt: number;
  readonly finishedAt?: number;
  readonly reason?: string;
}

/** Operations run in the workers, step by step; a step is one script, so a death between two of them loses and repeats nothing. */
export interface Operations {
  /** A repeat under the same id changes nothing. */
  createOperation(operation: NewOperation): Promise<void>;
  findOperation(id: string): Promise<OperationRecord | undefined>;
  /** The oldest first. */
  runningOperations(limit: number): Promise<readonly string[]>;
  stepOperation(
    id: string,
    by: { readonly owner: string; readonly now: number },
  ): Promise<"running" | "done" | "busy" | "absent">;
  failOperation(id: string, reason: string, now: number): Promise<void>;
}

const PER_STEP = 200;
/** Codes after which a message may have left whatever else is known of it. */
const POSSIBLE = originList(ERROR_CODES.filter((code) => catalogRow(code).effect === "possible"));
/** For so long after a step only its worker takes the next one. */
const LEASE_MS = 5_000;

export function operations({
  redis,
  keys,
  run,
  stepErasure,
  sendAside,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly stepErasure: ErasureStep;
  /** Sends those letters of an operation anew that its last step has put aside for it. */
  readonly sendAside: (id: string, now: number) => Promise<void>;
}): Operations {
  const origins = originList(ENTRANCES.queued.redrive);
  return {
    async createOperation(operation) {
      await run("create-operation", ...createArguments(operation));
    },
    async findOperation(id) {
      return readOperation(id, await redis.hgetall(keys.operation(id)));
    },
    async runningOperations(limit) {
      return redis.zrange(keys.operations(), "0", String(limit - 1));
    },
    async stepOperation(id, by) {
      const { owner, now } = by;
      if ((await redis.hget(keys.operation(id), "kind")) === "erase") return stepErasure(id, by);
      const bounds = [LEASE_MS, PER_STEP, origins, POSSIBLE] as const;
      const step = (await run("step-operation", id, owner, now, ...bounds)) as Step;
      if (step !== "anew") return step;
      await sendAside(id, now);
      return "running";
    },
    async failOperation(id, reason, now) {
      await redis
        .multi()
        .hset(keys.operation(id), { state: "failed", reason, finished_at: now })
        .hdel(keys.operation(id), ...NAMES)
        .del(keys.erasing(id), keys.anew(id))
        .zrem(keys.operations(), id)
        .exec();
    },
  };
}

/** Of the person whom an erasure is about: they end with it. */
const NAMES = ["name", "other", "salt"] as const;

const REFUSED = "refused:";

type Step = "running" | "done" | "busy" | "absent" | "anew";

function createArguments(operation: NewOperation): ScriptArgument[] {
  const { id, kind, now, filter, devices, keyId, until, ids, anew } = operation;
  const { code = "", deviceId = "", batchId = "", since = "", effect = "" } = filter;
  const seen = devices === "*" ? "" : JSON.stringify(devices);
  const about = [code, deviceId, since, seen, keyId, batchId, effect];
  const chosen = ids === undefined ? "" : JSON.stringify(ids);
  return [
    id,
    kind,
    now,
    ...about,
    until?.at ?? "",
    until?.id ?? "",
    chosen,
    anew === true ? "1" : "",
  ];
}

function readOperation(
  id: string,
  hash: Readonly<Record<string, string>>,
): OperationRecord | undefined {
  const { state, code, device, since, batch = "", effect = "" } = hash;
  if (state === undefined) return undefined;
  const number = (name: string): number => Number(hash[name] ?? 0);
  const refused = Object.entries(hash).filter(([name]) => name.startsWith(REFUSED));
  return {
    id,
    kind: hash["kind"] as OperationRecord["kind"],
    state: state as OperationRecord["state"],
    filter: {
      ...(code === "" ? {} : { code: code as ErrorCode }),
      ...(device === "" ? {} : { deviceId: device as DeviceId }),
      ...(batch === "" ? {} : { batchId: batch as BatchId }),
      ...(effect === "" ? {} : { effect: effect as Effect }),
      ...(since === "" ? {} : { since: Number(since) }),
    },
    keyId: hash["key"] ?? "",
    total: number("total"),
    done: number("done"),
    failed: number("failed"),
    skipped: number("skipped"),
    refused: Object.fromEntries(
      refused.map(([name, count]) => [name.slice(REFUSED.length), Number(count)]),
    ),
    createdAt: number("created_at"),
    ...(hash["finished_at"] === undefined ? {} : { finishedAt: number("finished_at") }),
    ...(hash["reason"] === undefined ? {} : { reason: hash["reason"] }),
  };
}

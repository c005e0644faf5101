import { randomBytes } from "node:crypto";
import { ENTRANCES } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { originList } from "./attempts.ts";
import { type BatchErasure, batchErasure } from "./erase-rows.ts";
import { receivedMediaId } from "./media.ts";
import type { Run } from "./scripts.ts";

interface NewErasure {
  /** Of the operation. */
  readonly id: string;
  /** Digits, or a LID. */
  readonly name: string;
  readonly keyId: string;
  readonly now: number;
}

/** Erasing a person: an operation of many small steps, which any worker takes and goes on with after a death. */
export interface Erasures {
  /** From now on he is on the suppression list by a digest only, when he is on it. A repeat under the same id changes nothing. */
  beginErasure(erasure: NewErasure): Promise<void>;
}

export type ErasureStep = (
  id: string,
  by: { readonly owner: string; readonly now: number },
) => Promise<"running" | "done" | "busy" | "absent">;

interface ErasureDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
}

/** Keys that one step looks at, or entries of the event log. */
const PER_STEP = 500;
/** What still changes after so many passes stays, and is counted as failed. */
const MOST_PASSES = 5;
/** For so long after a step only its worker takes the next one. */
const LEASE_MS = 5_000;

export function erasures(deps: ErasureDeps): Erasures & { readonly stepErasure: ErasureStep } {
  const { redis, keys, run } = deps;
  const origins = [ENTRANCES.canceled, ENTRANCES.failed].map(({ command }) => originList(command));
  const inBatches = batchErasure(deps);
  return {
    async beginErasure({ id, name, keyId, now }) {
      await run("begin-erasure", id, name, now, keyId, randomBytes(16).toString("hex"));
    },
    async stepErasure(id, { owner, now }) {
      const how = [owner, now, LEASE_MS, PER_STEP, ...origins, MOST_PASSES] as const;
      const told = String(await run("step-erasure", id, ...how));
      if (told === "batches") await stepBatches(id, inBatches, deps);
      if (told !== "rest") return told === "batches" ? "running" : (told as "running");
      await forgetFiles(id, { redis, keys });
      await run("end-erasure", id, now);
      return "done";
    },
  };
}

/** Batches come before everything else: what is drawn from them meanwhile is found as a message then. */
async function stepBatches(
  id: string,
  erase: BatchErasure,
  { redis, keys, run }: ErasureDeps,
): Promise<void> {
  const [name, other, cursor] = await redis.hmget(keys.operation(id), "name", "other", "cursor");
  const names = `${name ?? ""} ${other ?? ""}`.split(" ").filter((one) => one !== "");
  const step = await erase(names, cursor ?? "");
  const [part, next] = step.cursor === undefined ? ["keys", "0"] : ["batches", step.cursor];
  await run("move-erasure", id, part, next, step.erased, step.looked);
}

/** Their bytes go with the next sweep of the media. What was uploaded to WhatsApp can't be sent again. */
async function forgetFiles(id: string, { redis, keys }: Pick<ErasureDeps, "redis" | "keys">) {
  const pipeline = redis.pipeline();
  for (const member of await redis.smembers(keys.erasing(id))) {
    const [way, device = "", rest = ""] = member.split(" ");
    const mediaId = way === "in" ? receivedMediaId(device, rest) : (rest.split("|")[0] ?? "");
    pipeline.zadd(keys.mediaends(), "XX", 0, mediaId);
    if (way === "out") pipeline.del(keys.upload(device, rest));
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}

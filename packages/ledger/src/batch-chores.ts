import { batchDue, type BatchId, CHUNK_ROWS, isEnded, nextDue, type Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Batches } from "./batches.ts";
import type { BatchRecord } from "./batch-record.ts";
import { claimsOf, scopeOf } from "./batch-refs.ts";
import type { Decide } from "./decide-batch.ts";
import type { Draws } from "./draws.ts";
import type { Run } from "./scripts.ts";

/** What workers do for batches besides sending. */
export interface BatchChores {
  /**
   * Does what time brings to batches: starts, expiries, uploads that nobody ended, what was drawn from a batch that has ended, and
   * batches that are kept no longer. In bounded steps, by any worker. How many were looked at.
   */
  serveBatches(now: number, limit: number): Promise<number>;
}

interface Sweep {
  /** Ends what was drawn from a batch that has ended, and has not left; false when there is more of it. */
  sweep(id: BatchId, now: number): Promise<boolean>;
}

interface ChoreDeps extends Pick<Draws, "sweepBatch">, Pick<Batches, "findBatch" | "readChunk"> {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
  readonly decide: Decide;
}

/** Steps of a sweep that whoever ends a batch takes himself; the workers take the others. */
const SWEEPS_AT_ONCE = 50;

/** Chunks that are forgotten at once. */
const FORGOTTEN_AT_ONCE = 100;
/** A batch of which something is open is not forgotten yet. */
const LATER_MS = 3_600_000;

export function batchChores(deps: ChoreDeps): BatchChores & Sweep {
  const { redis, keys, run, settings, decide, findBatch, readChunk, sweepBatch } = deps;
  const uploadMs = settings.batch_upload_ms;

  async function sweep(id: BatchId, now: number): Promise<boolean> {
    for (let step = 0; step < SWEEPS_AT_ONCE; step += 1)
      // oxlint-disable-next-line no-await-in-loop -- step by step, so that others have their turn
      if (!(await sweepBatch(id, now))) return true;
    return false;
  }

  async function forgetChunk(batch: BatchRecord, index: number): Promise<void> {
    const rows = (await readChunk(batch.id, index)) ?? [];
    const { claims } = claimsOf(batch, { index, rows });
    const places = claims.filter((_, at) => at % 3 < 2);
    const first = index * CHUNK_ROWS + 1;
    const last = Math.min(batch.rows, first + CHUNK_ROWS - 1);
    await run("forget-chunk", batch.id, index, first, last, scopeOf(batch), ...places);
  }

  /** From its end: what is forgotten already stands there no more. */
  async function forget(batch: BatchRecord): Promise<void> {
    const left = await redis.hlen(keys.rows(batch.id));
    const stop = Math.max(0, left - FORGOTTEN_AT_ONCE);
    for (let index = left - 1; index >= stop; index -= 1)
      // oxlint-disable-next-line no-await-in-loop -- step by step, so that others have their turn
      await forgetChunk(batch, index);
    if (stop === 0) await run("forget-batch", batch.id);
  }

  async function serve(id: BatchId, now: number): Promise<void> {
    const batch = await findBatch(id);
    if (batch?.sweeping === true) await sweep(id, now);
    else if (batch !== undefined && isOver(batch, now)) await forget(batch);
    else {
      const done = await decide(id, now, (seen) => {
        const move = batchDue(seen, now, uploadMs);
        return move === undefined ? { kind: "waits" as const, seen } : { kind: "move", move };
      });
      if (done.kind === "waits")
        await run("postpone-batch", id, done.seen.version, laterOf(done.seen, now));
      if (done.kind === "absent") await run("postpone-batch", id, 0, 0);
    }
  }

  function isOver({ endedAt = Infinity, open }: BatchRecord, now: number): boolean {
    return open === 0 && endedAt + settings.settled_kept_ms <= now;
  }

  function laterOf(batch: BatchRecord, now: number): number {
    if (!isEnded(batch.state)) return nextDue(batch, uploadMs) ?? 0;
    return Math.max(now + LATER_MS, (batch.endedAt ?? 0) + settings.settled_kept_ms);
  }

  return {
    sweep,
    async serveBatches(now, limit) {
      const due = await redis.zrangebyscore(keys.batchdues(), "-inf", now, "LIMIT", 0, limit);
      for (const id of due as BatchId[])
        // oxlint-disable-next-line no-await-in-loop -- one after the other: they are few
        await serve(id, now);
      return due.length;
    },
  };
}

import type { DeviceId, MessageId, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { type MessageHash, type MessageRecord, readMessage } from "./message-record.ts";
import type { Run } from "./scripts.ts";

/** The messages of a device by their sequence, newest first. */
export interface Outbox {
  /**
   * The next messages of these devices before a sequence. `next`: where to go on, absent at the end. A page may hold fewer than asked
   * for, since what is not kept any more is passed over.
   */
  listMessages(
    deviceIds: readonly DeviceId[],
    page: { readonly before?: number; readonly limit: number },
  ): Promise<{ readonly messages: readonly MessageRecord[]; readonly next?: number }>;
  /** Bounded; call it now and then. */
  trimOutbox(deviceId: DeviceId, now: number): Promise<void>;
}

interface OutboxDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

const TRIM_STEP = 500;

export function outbox({ redis, keys, run, settings }: OutboxDeps): Outbox {
  return {
    async listMessages(deviceIds, { before, limit }) {
      const max = before === undefined ? "+inf" : `(${before}`;
      const pipeline = redis.pipeline();
      for (const id of deviceIds)
        pipeline.zrevrangebyscore(keys.outbox(id), max, "-inf", "WITHSCORES", "LIMIT", 0, limit);
      const lists = valuesOf(await pipeline.exec()) as string[][];
      const newest = lists
        .flatMap(pairsOf)
        .toSorted((a, b) => b.sequence - a.sequence)
        .slice(0, limit);
      const records = redis.pipeline();
      for (const { id } of newest) records.hgetall(keys.message(id));
      const hashes = valuesOf(await records.exec()) as MessageHash[];
      const messages = newest.flatMap(
        ({ id }, index) => readMessage(id, hashes[index] ?? {}) ?? [],
      );
      const last = newest.at(-1);
      return newest.length < limit || last === undefined
        ? { messages }
        : { messages, next: last.sequence };
    },
    async trimOutbox(deviceId, now) {
      const before = now - settings.settled_kept_ms;
      let passed = 0;
      while (passed >= 0)
        // oxlint-disable-next-line no-await-in-loop -- bounded steps, one after the other
        passed = Number(await run("trim-outbox", deviceId, passed, TRIM_STEP, before));
    },
  };
}

function pairsOf(flat: readonly string[]): { readonly id: MessageId; readonly sequence: number }[] {
  return flat.flatMap((id, index) =>
    index % 2 === 0 ? [{ id: id as MessageId, sequence: Number(flat[index + 1]) }] : [],
  );
}

function valuesOf(replies: [Error | null, unknown][] | null): unknown[] {
  return (replies ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}

import type { DeviceId, MessageId, MessageStatus, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { type MessageHash, type MessageRecord, readMessage } from "./message-record.ts";
import type { Run } from "./scripts.ts";

/** Which messages are looked for; absent: all. */
interface MessageFilter {
  /** digits, or a group JID */
  readonly recipient?: string;
  readonly status?: MessageStatus;
  readonly clientRef?: string;
}

interface OutboxPage {
  readonly messages: readonly MessageRecord[];
  /** The sequence before which to go on; absent at the end. */
  readonly next?: number;
  /** When the last message that was looked at was accepted, ms since the epoch. */
  readonly reachedAt?: number;
}

/** The messages of devices by their sequence, newest first. */
export interface Outbox {
  /**
   * The next messages of these devices before a sequence. A page may hold fewer than asked for, since what is not kept any more is passed
   * over, and no more than `most` are looked at.
   */
  listMessages(
    deviceIds: readonly DeviceId[],
    page: MessageFilter & {
      readonly before?: number;
      readonly limit: number;
      readonly most?: number;
    },
  ): Promise<OutboxPage>;
  /** The sequence from which on messages of these devices were accepted later than `at` (ms since the epoch). */
  sequenceAfter(deviceIds: readonly DeviceId[], at: number): Promise<number>;
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
/** Messages that one script looks at. */
const SEEK_STEP = 2_000;
/** The first stretch of sequences that is read of many devices. */
const FIRST_STRETCH = 200;

export function outbox({ redis, keys, run, settings }: OutboxDeps): Outbox {
  const lastSequence = async (): Promise<number> =>
    Number((await redis.get(keys.sequence())) ?? "0");

  async function records(ids: readonly MessageId[]): Promise<readonly MessageRecord[]> {
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hgetall(keys.message(id));
    const hashes = valuesOf(await pipeline.exec()) as MessageHash[];
    return ids.flatMap((id, index) => readMessage(id, hashes[index] ?? {}) ?? []);
  }

  return {
    async listMessages(deviceIds, { before, limit, most = limit, ...filter }) {
      const { recipient = "", status = "", clientRef = "" } = filter;
      const found: MessageId[] = [];
      let from = before ?? (await lastSequence()) + 1;
      // Of one device no more is read than is looked at.
      let stretch = deviceIds.length === 1 ? from : Math.max(limit, FIRST_STRETCH);
      const takesAll = recipient === "" && status === "" && clientRef === "";
      let reachedAt: number | undefined;
      for (let looked = 0; from > 0 && looked < most && found.length < limit;) {
        const wanted = limit - found.length;
        const step = Math.min(takesAll ? wanted : SEEK_STEP, most - looked);
        const ask = [from, Math.max(0, from - stretch), step, wanted];
        // oxlint-disable-next-line no-await-in-loop -- each stretch begins where the last one ended
        const reply = await run(
          "seek-messages",
          ...ask,
          recipient,
          status,
          clientRef,
          ...deviceIds,
        );
        const [seen, floor, at, ...ids] = reply as [number, string, string, ...MessageId[]];
        found.push(...ids);
        looked += seen;
        from = Number(floor);
        if (at !== "") reachedAt = Number(at);
        // Where a stretch holds little of these devices, the next one is longer.
        if (seen < step / 2) stretch *= 4;
      }
      return {
        messages: await records(found),
        ...(from > 0 ? { next: from } : {}),
        ...(reachedAt === undefined ? {} : { reachedAt }),
      };
    },
    async sequenceAfter(deviceIds, at) {
      let low = 0;
      let high = (await lastSequence()) + 1;
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        // oxlint-disable-next-line no-await-in-loop -- a search by halves
        const reply = (await run("message-from", middle, ...deviceIds)) as [string, string] | [];
        const [sequence, acceptedAt] = reply;
        if (sequence === undefined || Number(acceptedAt) > at) high = middle;
        else low = Math.max(middle + 1, Number(sequence) + 1);
      }
      return low;
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

function valuesOf(replies: [Error | null, unknown][] | null): unknown[] {
  return (replies ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}

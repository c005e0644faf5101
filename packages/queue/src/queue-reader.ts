import type { DeviceId } from "@pombo/domain";
import type { Redis } from "@pombo/redis";
import { QueueKeys } from "bullmq";
import { LANES_PREFIX } from "./lane.ts";
import { JOBS_PREFIX, WEBHOOKS } from "./webhook-jobs.ts";

/** Where a job rests. `waiting`: it may go now. */
export type JobPlace = "active" | "waiting" | "delayed";

/** A job as BullMQ keeps it. Times are ms since the epoch. */
export interface QueuedJob {
  readonly id: string;
  readonly data: unknown;
  readonly createdAt: number;
  readonly delayMs: number;
  readonly begunAt?: number;
  /** How often somebody has fetched it. */
  readonly starts: number;
}

/** Reads a queue and never changes it. No command takes longer because the queue is long. */
export interface QueueReader {
  counts(): Promise<Readonly<Record<JobPlace, number>>>;
  /** Jobs of a place, the next to go first. */
  page(place: JobPlace, from: number, count: number): Promise<readonly QueuedJob[]>;
  find(id: string): Promise<(QueuedJob & { readonly place: JobPlace }) | undefined>;
}

export interface QueueReaders {
  readonly webhooks: QueueReader;
  /** What the lane of a device holds in BullMQ; empty where there is none. */
  lane(deviceId: DeviceId): QueueReader;
}

export function openQueueReaders({
  redis,
  tag,
}: {
  readonly redis: Redis;
  readonly tag: string;
}): QueueReaders {
  const reader = (prefix: string, name: string): QueueReader => {
    const keys = new QueueKeys(`${tag}:${prefix}`);
    return readerOf(redis, (type) => keys.toKey(name, type));
  };
  return {
    webhooks: reader(JOBS_PREFIX, WEBHOOKS),
    lane: (deviceId) => reader(LANES_PREFIX, deviceId),
  };
}

const LISTS = { active: "active", waiting: "wait" } as const;
/** None of BullMQ's own keys looks like one. */
const OUR_ID = /^[A-Za-z0-9-]+[._][A-Za-z0-9._-]+$/;
const FIELDS = ["data", "timestamp", "delay", "processedOn", "ats"] as const;

function readerOf(redis: Redis, keyOf: (type: string) => string): QueueReader {
  async function read(ids: readonly string[]): Promise<readonly QueuedJob[]> {
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hmget(keyOf(id), ...FIELDS);
    const replies = (await pipeline.exec()) ?? [];
    return ids.flatMap((id, index) => {
      const [error, fields] = replies[index] ?? [];
      if (error) throw error;
      return jobOf(id, fields as readonly (string | null)[]) ?? [];
    });
  }

  return {
    async counts() {
      const [active, waiting, delayed] = await Promise.all([
        redis.llen(keyOf(LISTS.active)),
        redis.llen(keyOf(LISTS.waiting)),
        redis.zcard(keyOf("delayed")),
      ]);
      return { active, waiting, delayed };
    },
    async page(place, from, count) {
      if (place === "delayed")
        return read(await redis.zrange(keyOf("delayed"), `${from}`, `${from + count - 1}`));
      // BullMQ takes from the end.
      const ids = await redis.lrange(keyOf(LISTS[place]), -(from + count), -(from + 1));
      return read(ids.toReversed());
    },
    async find(id) {
      if (!OUR_ID.test(id)) return undefined;
      const [[job], score, locked] = await Promise.all([
        read([id]),
        redis.zscore(keyOf("delayed"), id),
        redis.exists(`${keyOf(id)}:lock`),
      ]);
      if (job === undefined) return undefined;
      const resting = score === null ? "waiting" : "delayed";
      return { ...job, place: locked === 1 ? "active" : resting };
    },
  };
}

/** Undefined for what is not there (any more), or is no job. */
function jobOf(id: string, fields: readonly (string | null)[]): QueuedJob | undefined {
  const [data = null, createdAt = null, delay = null, begunAt = null, starts = null] = fields;
  if (data === null) return undefined;
  return {
    id,
    data: JSON.parse(data) as unknown,
    createdAt: Number(createdAt),
    delayMs: Number(delay),
    starts: Number(starts),
    ...(begunAt === null ? {} : { begunAt: Number(begunAt) }),
  };
}

import type { DeviceId, MessageId } from "@pombo/domain";
import type { Redis } from "@pombo/redis";
import { ErrorCode, type JobJson, QueueKeys, RedisConnection, RedisQueueBackend } from "bullmq";

/**
 * The lane of a device: its BullMQ queue, drained by hand by the device's owner. A job stands for one feed of one message and
 * carries no data: the ledger decides, the lane follows.
 *
 * This is the only file that touches BullMQ's backend. All lanes of a process share one connection; none blocks.
 * A lock lives ten minutes and is never renewed, since nobody but the owner fetches; token `0` skips it (take-over).
 */
export interface Lane {
  /** A repeat for the same feed adds nothing. */
  add(messageId: MessageId, feed: number): Promise<void>;
  /** The next job, now in hand; undefined when there is none. */
  fetch(): Promise<LaneJob | undefined>;
  /** Ends a job. True also when it was gone already: the ledger holds the outcome. */
  finish(job: LaneJob): Promise<void>;
  /** Jobs that somebody fetched, oldest first. */
  active(): Promise<readonly LaneJob[]>;
  /** Which of these jobs exist, waiting or fetched. */
  existing(jobs: readonly LaneJob[]): Promise<readonly LaneJob[]>;
  /** Puts fetched jobs back at the head, in order, whoever fetched them. */
  putBack(jobs: readonly LaneJob[]): Promise<void>;
}

export interface LaneJob {
  readonly messageId: MessageId;
  readonly feed: number;
}

export interface Lanes {
  lane(deviceId: DeviceId): Lane;
}

export interface LanesDeps {
  /** Shared by all lanes of the process; closed by its owner. */
  readonly redis: Redis;
  /** The cell's hash tag, `{pombo:c0}`. */
  readonly tag: string;
  /** Names the fetcher in BullMQ's locks. */
  readonly owner: string;
}

/** Behind the cell's tag: what the keys of all lanes begin with. */
export const LANES_PREFIX = "lanes";
const LOCK_MS = 600_000;
const ANY_OWNER = "0";
/** The job is gone, not locked, not active any more, or locked by another: the ledger is right, the job is derived. */
const GONE: ReadonlySet<unknown> = new Set([
  ErrorCode.JobNotExist,
  ErrorCode.JobLockNotExist,
  ErrorCode.JobNotInState,
  ErrorCode.JobLockMismatch,
]);

export function openLanes({ redis, tag, owner }: LanesDeps): Lanes {
  const connection = new RedisConnection(redis, {
    shared: true,
    blocking: false,
    skipVersionCheck: true,
  });
  // Errors of the shared client are reported by whoever opened it.
  connection.on("error", ignore);
  const prefix = `${tag}:${LANES_PREFIX}`;
  const queueKeys = new QueueKeys(prefix);
  const options = {
    connection: redis,
    prefix,
    lockDuration: LOCK_MS,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  };
  return {
    lane(deviceId) {
      const backend = new RedisQueueBackend(
        connection,
        deviceId,
        queueKeys.getKeys(deviceId),
        (type) => queueKeys.toKey(deviceId, type),
        options,
        undefined,
        false,
      );
      backend.on("error", ignore);
      return laneOver(backend, redis, owner);
    },
  };
}

function laneOver(backend: RedisQueueBackend, redis: Redis, owner: string): Lane {
  // BullMQ keeps an event stream per queue, 10,000 entries by default; nobody reads a lane's.
  let quieted: Promise<unknown> | undefined;
  return {
    async add(messageId, feed) {
      quieted ??= redis
        .hset(backend.toKey("meta"), "opts.maxLenEvents", 0)
        .catch((error: unknown) => {
          quieted = undefined;
          throw error;
        });
      await quieted;
      const id = jobId({ messageId, feed });
      await backend.addJob(derivedJob(id), id);
    },
    async fetch() {
      const [job, id] = (await backend.moveToActive(owner)) as [unknown, string?];
      return job && id !== undefined && id !== "" ? readJobId(id) : undefined;
    },
    async finish(job) {
      const minimal = { id: jobId(job), opts: {} } as never;
      await unlessGone(() => backend.moveToCompleted(minimal, null, { count: 0 }, owner, false));
    },
    async active() {
      const ids = await redis.lrange(backend.toKey("active"), 0, -1);
      return ids.toReversed().map(readJobId);
    },
    async existing(jobs) {
      const flags = await Promise.all(jobs.map((job) => redis.exists(backend.toKey(jobId(job)))));
      return jobs.filter((_, index) => flags[index] === 1);
    },
    async putBack(jobs) {
      // Each goes to the head: the newest first, so that the oldest ends up in front.
      for (const job of jobs.toReversed()) {
        // oxlint-disable-next-line no-await-in-loop -- the order is the point
        await unlessGone(() => backend.moveJobFromActiveToWait(jobId(job), ANY_OWNER));
      }
    },
  };
}

async function unlessGone(move: () => Promise<unknown>): Promise<void> {
  try {
    await move();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && GONE.has(error.code))) throw error;
  }
}

function jobId({ messageId, feed }: LaneJob): string {
  return `${messageId}.${feed}`;
}

function readJobId(id: string): LaneJob {
  const dot = id.lastIndexOf(".");
  return { messageId: id.slice(0, dot) as MessageId, feed: Number(id.slice(dot + 1)) };
}

function derivedJob(id: string): JobJson {
  return {
    id,
    name: "send",
    data: "{}",
    opts: {},
    progress: 0,
    attemptsMade: 0,
    attemptsStarted: 0,
    stalledCounter: 0,
    timestamp: Date.now(),
    failedReason: "",
    returnvalue: "",
  };
}

function ignore(): void {}

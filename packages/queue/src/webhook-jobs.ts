import type { EndpointId } from "@pombo/domain";
import type { Redis } from "@pombo/redis";
import { DelayedError, type Job, Queue, Worker } from "bullmq";

/**
 * The queue of webhook deliveries: a stock BullMQ queue with stock workers. A job stands for one open delivery of the ledger and carries
 * nothing else; its id is the endpoint and the event's cursor, so that adding it again adds nothing.
 */
export interface WebhookJob {
  readonly endpointId: EndpointId;
  readonly delivery: string;
}

export interface WebhookJobs extends AsyncDisposable {
  /** Jobs that are there already stay as they are. */
  add(jobs: readonly (WebhookJob & { readonly delayMs?: number })[]): Promise<void>;
  /** Of these, those that wait for a time may go now. */
  hasten(jobs: readonly WebhookJob[]): Promise<void>;
  /** Those that have no job. */
  missing<One extends WebhookJob>(jobs: readonly One[]): Promise<readonly One[]>;
}

/** `done`: the job ends, whatever the ledger holds. */
export type WebhookJobEnd =
  | { readonly kind: "done" }
  | { readonly kind: "later"; readonly at: number };

export interface WebhookWorkerDeps {
  /** A connection of its own, whose silence may last longer than ten seconds; closed by its owner. */
  readonly redis: Redis;
  readonly tag: string;
  readonly concurrency: number;
  /** How long a job stays with a silent worker. */
  readonly lockMs: number;
  /** A job whose handling throws is gone; the repair adds it again as long as its delivery is open. */
  readonly handle: (job: WebhookJob) => Promise<WebhookJobEnd>;
  readonly onError: (error: Error) => void;
}

export const WEBHOOKS = "webhooks";
/** Behind the cell's tag: what the keys of stock queues begin with. */
export const JOBS_PREFIX = "jobs";
/** How often a silent worker's job is given to another one: as often as it takes, since the ledger counts the tries. */
const STALLED_LIMIT = 1_000_000;

/** The id of a delivery's job, and of its webhook: the same for every repeat. */
export function webhookId({ endpointId, delivery }: WebhookJob): string {
  return `${endpointId}_${delivery}`;
}

export function openWebhookJobs({
  redis,
  tag,
}: {
  readonly redis: Redis;
  readonly tag: string;
}): WebhookJobs {
  const queue = new Queue<WebhookJob>(WEBHOOKS, {
    connection: redis,
    prefix: prefixOf(tag),
    skipVersionCheck: true,
    streams: { events: { maxLen: 0 } },
  });
  // Errors of the shared client are reported by whoever opened it.
  queue.on("error", () => undefined);
  return {
    async add(jobs) {
      if (jobs.length === 0) return;
      await queue.addBulk(
        jobs.map(({ endpointId, delivery, delayMs = 0 }) => ({
          name: "deliver",
          data: { endpointId, delivery },
          opts: { jobId: webhookId({ endpointId, delivery }), delay: Math.max(0, delayMs) },
        })),
      );
    },
    async hasten(jobs) {
      const ids = jobs.map(webhookId);
      const times = ids.length === 0 ? [] : await redis.zmscore(queue.toKey("delayed"), ...ids);
      for (const [index, id] of ids.entries())
        // oxlint-disable-next-line no-await-in-loop -- as many as are open; others have their turn in between
        if (times[index] !== null) await promote(queue, id);
    },
    async missing(jobs) {
      const pipeline = redis.pipeline();
      for (const job of jobs) pipeline.exists(queue.toKey(webhookId(job)));
      const replies = (await pipeline.exec()) ?? [];
      return jobs.filter((_, index) => replies[index]?.[1] === 0);
    },
    [Symbol.asyncDispose]: () => queue.close(),
  };
}

async function promote(queue: Queue<WebhookJob>, id: string): Promise<void> {
  const job = await queue.getJob(id);
  // Its time may have come just now.
  await job?.promote().catch(() => undefined);
}

/** Handles jobs until it is disposed, which waits for what is in hand. */
export async function openWebhookWorker(deps: WebhookWorkerDeps): Promise<AsyncDisposable> {
  const { redis, tag, concurrency, lockMs, handle, onError } = deps;
  const worker = new Worker<WebhookJob>(
    WEBHOOKS,
    async (job, token) => {
      const end = await handle({ endpointId: job.data.endpointId, delivery: job.data.delivery });
      if (end.kind === "later") await delay(job, end.at, token);
    },
    {
      connection: redis,
      prefix: prefixOf(tag),
      skipVersionCheck: true,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: Math.ceil(lockMs / 2),
      maxStalledCount: STALLED_LIMIT,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  worker.on("error", onError);
  worker.on("failed", (_job, error) => onError(error));
  await worker.waitUntilReady();
  return { [Symbol.asyncDispose]: () => worker.close() };
}

async function delay(job: Job<WebhookJob>, at: number, token: string | undefined): Promise<never> {
  await job.moveToDelayed(at, token);
  throw new DelayedError();
}

function prefixOf(tag: string): string {
  return `${tag}:${JOBS_PREFIX}`;
}

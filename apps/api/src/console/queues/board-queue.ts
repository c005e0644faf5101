import { BaseAdapter } from "@bull-board/api/dist/queueAdapters/base.js";
import type {
  JobCounts,
  JobStatus,
  QueueJob,
  QueueJobJson,
  Status,
} from "@bull-board/api/dist/types.js";
import { isStoreAway } from "../../store-away.ts";
import type { BoardJob, BoardSource, BoardStatus } from "./board-source.ts";

/**
 * A source as bull-board wants it. Whatever would change something refuses: much of that is one script over the whole queue, and
 * none of it knows our rules. (Of type `bull`: those of type `bullmq` are asked for flows, which there are none of.)
 */
export class BoardQueue extends BaseAdapter {
  readonly #source: BoardSource;
  readonly #info: () => Promise<string>;
  #unreadable: string | undefined;

  constructor(source: BoardSource, info: () => Promise<string>) {
    super("bull", {
      readOnlyMode: true,
      displayName: source.title,
      externalJobUrl: ({ opts }) => ({ displayText: "Open in the console", href: hrefOf(opts) }),
    });
    this.#source = source;
    this.#info = info;
  }

  getName(): string {
    return this.#source.name;
  }

  /** Asked for behind the counts. */
  override getDescription(): string {
    return this.#unreadable ?? this.#source.says;
  }

  getRedisInfo(): Promise<string> {
    return this.#info();
  }

  getStatuses(): Status[] {
    return ["latest", ...this.#source.statuses];
  }

  getJobStatuses(): JobStatus[] {
    return [...this.#source.statuses];
  }

  /** A queue whose keys somebody has spoiled says so; the others are shown as ever. */
  async getJobCounts(): Promise<JobCounts> {
    try {
      return { ...NONE, ...(await this.#source.counts()) };
    } catch (error) {
      if (isStoreAway(error) || !(error instanceof Error)) throw error;
      this.#unreadable = `It can't be read, so nothing of it is shown: ${error.message}`;
      return NONE;
    }
  }

  async getJobs(statuses: JobStatus[], start = 0, end = start): Promise<QueueJob[]> {
    if (this.#unreadable !== undefined) return [];
    const from = Math.min(start, LAST_PLACE);
    const count = Math.min(end - start + 1, MOST_JOBS);
    const shown = this.#source.statuses.filter((status) => statuses.includes(status));
    const pages = await Promise.all(
      shown.map(async (status) => {
        const jobs = await this.#source.page(status, from, count);
        return jobs.map((job) => asQueueJob(job, status));
      }),
    );
    return pages.flat();
  }

  async getJob(id: string): Promise<QueueJob | undefined> {
    const found = await this.#source.find(id);
    return found && asQueueJob(found.job, found.status);
  }

  isPaused(): Promise<boolean> {
    return Promise.resolve(this.#source.paused);
  }

  getJobLogs = none;
  getJobSchedulers = none;
  getJobSchedulersCount = (): Promise<number> => Promise.resolve(0);
  getGlobalConcurrency = (): Promise<null> => Promise.resolve(null);
  getMetrics = off;
  clean = off;
  addJob = off;
  pause = off;
  resume = off;
  empty = off;
  obliterate = off;
  promoteAll = off;
  removeJobScheduler = off;
  updateJobScheduler = off;
  runJobSchedulerNow = off;
  setGlobalConcurrency = off;
}

/** Whatever is asked for, no page is longer. */
const MOST_JOBS = 100;
/** Far beyond the end of any queue; Redis takes no number that is much larger. */
const LAST_PLACE = 1e15;

const NONE: JobCounts = {
  latest: 0,
  active: 0,
  waiting: 0,
  "waiting-children": 0,
  prioritized: 0,
  completed: 0,
  failed: 0,
  delayed: 0,
  paused: 0,
};

function none(): Promise<never[]> {
  return Promise.resolve([]);
}

function off(): Promise<never> {
  return Promise.reject(new Error("The board only reads"));
}

function asQueueJob(job: BoardJob, status: BoardStatus): QueueJob {
  const opts: { readonly delay?: number; readonly href: string } = { href: job.href };
  return {
    opts,
    toJSON: () => jsonOf(job, opts),
    getState: () => Promise.resolve(status),
    promote: off,
    remove: off,
    retry: off,
  };
}

function jsonOf(job: BoardJob, opts: object): QueueJobJson {
  return {
    id: job.id,
    name: job.name,
    data: job.data,
    opts,
    timestamp: job.createdAt,
    attemptsMade: job.attempts,
    failedReason: job.failure ?? "",
    progress: 0,
    stacktrace: [],
    returnvalue: null,
    ...(job.delayMs === undefined ? {} : { delay: job.delayMs }),
    ...(job.begunAt === undefined ? {} : { processedOn: job.begunAt }),
    ...(job.endedAt === undefined ? {} : { finishedOn: job.endedAt }),
  };
}

function hrefOf(opts: unknown): string {
  const href = typeof opts === "object" && opts !== null && "href" in opts ? opts.href : undefined;
  return typeof href === "string" ? href : "/console/";
}

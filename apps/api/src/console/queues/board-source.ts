/** Words of bull-board for where a job is. */
export type BoardStatus = "active" | "waiting" | "prioritized" | "delayed" | "failed";

/** One line of a queue. Times are ms since the epoch. */
export interface BoardJob {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly delayMs?: number;
  readonly begunAt?: number;
  readonly endedAt?: number;
  readonly attempts: number;
  readonly failure?: string;
  readonly data: object;
  /** Where the console shows it, and acts on it. */
  readonly href: string;
}

/** Something that the board shows as a queue: it only reads, in commands that don't get longer with the queue. */
export interface BoardSource {
  readonly name: string;
  readonly title: string;
  /** What its columns mean, and how it stands. */
  readonly says: string;
  readonly statuses: readonly BoardStatus[];
  readonly paused: boolean;
  counts(): Promise<Readonly<Partial<Record<BoardStatus, number>>>>;
  page(status: BoardStatus, from: number, count: number): Promise<readonly BoardJob[]>;
  find(id: string): Promise<{ readonly job: BoardJob; readonly status: BoardStatus } | undefined>;
}

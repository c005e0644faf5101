import type { Output } from "@pombo/sdk";

/** The installation at one moment. */
export type Overview = Output<"getOverview">;
export type AttentionItem = Overview["attention"][number];
export type GoneWorker = Overview["gone_workers"][number];

/** An hour in steps of a minute, and the one that has only begun. */
const STEPS_KEPT = 61;

/** What the stream tells has the last two steps only: the others stay as they were. */
export function withTick(before: Overview | undefined, tick: Overview): Overview {
  if (before === undefined) return tick;
  const first = tick.buckets[0]?.start ?? "";
  const kept = before.buckets.filter(({ start }) => start < first);
  return { ...tick, buckets: [...kept, ...tick.buckets].slice(-STEPS_KEPT) };
}

/** Messages a second in one step. */
export function perSecond(count: number, stepS: number): number {
  return Math.round((10 * count) / stepS) / 10;
}

/** `worker-1#4f` is the worker `worker-1`, and which start of it. */
export function workerName(id: string): string {
  return id.split("#")[0] ?? id;
}

/** Devices of a worker that is gone which nobody has taken yet. */
export function leftBehind({ lanes, taken_over: taken }: GoneWorker): number {
  return Math.max(0, lanes - taken);
}

import type { Settings } from "@pombo/domain";
import type { Ledger, Ownership } from "@pombo/ledger";
import type { Lane, LaneJob } from "@pombo/queue";

export interface RepairDeps {
  readonly own: Ownership;
  readonly ledger: Pick<Ledger, "window">;
  readonly lane: Pick<Lane, "active" | "existing" | "putBack" | "add">;
  readonly settings: Settings;
  readonly now: () => number;
  /** Jobs that are in hand or just being finished. */
  readonly held: () => readonly LaneJob[];
}

/**
 * Makes the lane follow the ledger again: jobs that somebody fetched and will not finish (a dead owner, a zombie) go back to the
 * head, and window entries that have stood without a job for a while (a death between ledger and lane) get theirs again.
 */
export async function repairLane({
  own,
  ledger,
  lane,
  settings,
  now,
  held,
}: RepairDeps): Promise<void> {
  // A job may end while we look: what was held before is not stranded either.
  const before = held();
  const [active, window] = await Promise.all([lane.active(), ledger.window(own.deviceId)]);
  const ours = [...before, ...held()];
  const stranded = active.filter((job) => !ours.some((other) => same(job, other)));
  if (stranded.length > 0) await lane.putBack(stranded);

  const old = window.filter(({ fedAt }) => now() - fedAt >= settings.repair_after_ms);
  if (old.length === 0) return;
  const existing = await lane.existing(old);
  const missing = old.filter((job) => !existing.some((other) => same(job, other)));
  // oxlint-disable-next-line no-await-in-loop -- in the order in which they were picked
  for (const job of missing) await lane.add(job.messageId, job.feed);
}

function same(job: LaneJob, other: LaneJob): boolean {
  return job.messageId === other.messageId && job.feed === other.feed;
}

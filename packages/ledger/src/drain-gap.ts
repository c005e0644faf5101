import type { ResolvedPace } from "@pombo/domain";

/** What was measured of a lane: the time between two feeds that followed each other without a rest. */
interface Drain {
  readonly pace: ResolvedPace;
  /** ms; 0 when nothing was measured */
  readonly drainMs: number;
  /** The last feed, ms since the epoch. */
  readonly fedAt: number;
}

/** A measurement that is older says nothing about what comes. */
const FRESH_MS = 600_000;

/**
 * The time that one message of a lane takes, ms: what the pace asks for, or what was measured lately where that is more; 0 when nobody
 * can say.
 */
export function drainGap({ pace, ...measured }: Drain, now: number): number {
  return Math.max(pace.gapMs + pace.jitterMs / 2, measuredGap(measured, now));
}

/** What was measured lately, ms; 0 when nothing was. */
export function measuredGap(
  { drainMs, fedAt }: Pick<Drain, "drainMs" | "fedAt">,
  now: number,
): number {
  return now - fedAt <= FRESH_MS ? drainMs : 0;
}

import type { PaceInput } from "@pombo/contract";
import type { Pace } from "@pombo/domain";

/** A pace as the contract writes it, from what the ledger keeps. */
export function renderPace(pace: Pace): PaceInput {
  return Object.fromEntries(
    NAMES.flatMap(([outside, inside]) => {
      const value = pace[inside];
      return value === undefined ? [] : [[outside, value]];
    }),
  );
}

/** What the ledger keeps, from a pace as the contract writes it. */
export function readPace(pace: PaceInput): Pace {
  return Object.fromEntries(
    NAMES.flatMap(([outside, inside]) => {
      const value = pace[outside];
      return value === undefined ? [] : [[inside, value]];
    }),
  );
}

const NAMES = [
  ["per_minute", "perMinute"],
  ["gap_ms", "gapMs"],
  ["jitter_ms", "jitterMs"],
  ["recipient_gap_ms", "recipientGapMs"],
  ["daily_cap", "dailyCap"],
  ["cold_daily_cap", "coldDailyCap"],
  ["warm_up", "warmUp"],
] as const satisfies readonly (readonly [keyof PaceInput, keyof Pace])[];

import type { PomboError } from "./pombo-error.ts";

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number;
  /** The first wait, at most; it doubles. */
  readonly baseMs: number;
  readonly capMs: number;
  /** A call that is asked to wait longer than this fails instead. */
  readonly longestWaitMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 4,
  baseMs: 250,
  capMs: 10_000,
  longestWaitMs: 60_000,
};

export interface FailedTry {
  readonly error: PomboError;
  /** Counts from 1. */
  readonly attempt: number;
  /** Repeating the call changes nothing more than doing it once. */
  readonly repeatable: boolean;
}

/**
 * How long to wait before a call is tried again, or undefined when it is not. Only what passes by itself (class `transient`) is tried
 * again; what can't be repeated safely only where Pombo says that nothing was done (429, 503). The wait is by chance, between nothing
 * and a bound that doubles, on top of what Pombo asks for. `chance` is a number from 0 up to 1.
 */
export function nextTry(
  { error, attempt, repeatable }: FailedTry,
  policy: RetryPolicy,
  chance: number,
): number | undefined {
  const untouched = error.status === 429 || error.status === 503;
  if (error.class !== "transient" || attempt >= policy.attempts) return undefined;
  if (!repeatable && !untouched) return undefined;
  const asked = error.retryAfterMs ?? 0;
  if (asked > policy.longestWaitMs) return undefined;
  return asked + Math.floor(chance * Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1)));
}

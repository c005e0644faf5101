import { catalogRow, type ErrorCode, type Remedy } from "./catalog.ts";
import type { Failure } from "./failure.ts";
import type { Settings } from "./settings.ts";

/** What is known about the message at the end of an attempt that did not succeed. */
export interface Attempt {
  /** Tries so far, this one included. */
  readonly number: number;
  /** Times the message was sent again because its outcome was unknown. */
  readonly rounds: number;
  /** An attempt may have left: the message never counts as unsent again. */
  readonly mayHaveLeft: boolean;
  /** When the first attempt that may have left began, ms since the epoch. */
  readonly leftAt: number;
  /** How often each one-time remedy was already taken for this message. */
  readonly taken: Readonly<Partial<Record<"refresh" | "once-more" | "hold", number>>>;
  readonly now: number;
  /** 0 ≤ jitter < 1 */
  readonly jitter: number;
  /** Somebody waits for its answer until then, ms since the epoch: before it, what has not left takes no wait but fails. */
  readonly syncUntil?: number;
}

/**
 * What happens to a message whose attempt ended in a failure.
 * `retry`, `hold` and `reconcile` wait for a time; `park` waits for the device; `throttle` rests the whole lane; `fail` is final.
 * `counts` says whether the attempt is used up.
 */
export type NextStep =
  | {
      readonly kind: "retry";
      readonly at: number;
      readonly remedy: "backoff" | "refresh" | "once-more";
    }
  | { readonly kind: "park"; readonly alert: boolean }
  | { readonly kind: "throttle" }
  | { readonly kind: "hold" }
  | { readonly kind: "reconcile"; readonly at: number }
  | { readonly kind: "fail" };

/** Decides from the catalog's row alone; time and chance come in as arguments. */
export function nextStep(failure: Failure, attempt: Attempt, settings: Settings): NextStep {
  const step = stepOf(failure, attempt, settings);
  const awaited = !attempt.mayHaveLeft && (attempt.syncUntil ?? 0) > attempt.now;
  return awaited && isWait(step) ? { kind: "fail" } : step;
}

/** A refreshed message goes again at once: that is no wait. */
function isWait(step: NextStep): boolean {
  return step.kind !== "fail" && !(step.kind === "retry" && step.remedy === "refresh");
}

function stepOf(failure: Failure, attempt: Attempt, settings: Settings): NextStep {
  const remedy = catalogRow(failure.code).remedy;
  switch (remedy.kind) {
    case "fix":
    case "again":
      return { kind: "fail" };
    case "park":
      return { kind: "park", alert: remedy.alert };
    case "throttle":
      return { kind: "throttle" };
    case "hold":
      return taken(attempt, "hold") > 0 ? { kind: "fail" } : { kind: "hold" };
    case "refresh":
      return taken(attempt, "refresh") > 0
        ? { kind: "fail" }
        : { kind: "retry", at: attempt.now, remedy: "refresh" };
    case "once-more":
      return taken(attempt, "once-more") > 0
        ? { kind: "fail" }
        : {
            kind: "retry",
            at: attempt.now + scaled(remedy.delayMs, settings),
            remedy: "once-more",
          };
    case "backoff":
      if (attempt.number >= remedy.maxAttempts) return { kind: "fail" };
      return {
        kind: "retry",
        at: backoffEnd(remedy, failure, attempt, settings),
        remedy: "backoff",
      };
    case "reconcile":
      return reconcile(attempt, settings);
  }
}

/** Bounds a series of unknown outcomes: so many rounds, and only so long after the first. */
function reconcile(attempt: Attempt, settings: Settings): NextStep {
  const tooOld = attempt.now - attempt.leftAt >= settings.reconcile_limit_ms;
  if (attempt.rounds >= settings.reconcile_rounds || tooOld) return { kind: "fail" };
  return { kind: "reconcile", at: attempt.now + settings.reconcile_grace_ms };
}

/** Exponential with full jitter, never before the time that the other side named. */
function backoffEnd(
  remedy: Extract<Remedy, { kind: "backoff" }>,
  failure: Failure,
  attempt: Attempt,
  settings: Settings,
): number {
  const ceiling = Math.min(remedy.capMs, remedy.baseMs * 2 ** (attempt.number - 1));
  const wait = scaled(Math.round(ceiling * attempt.jitter), settings);
  return Math.max(attempt.now + wait, failure.notBefore ?? 0);
}

function scaled(ms: number, settings: Settings): number {
  return Math.round((ms * settings.backoff_scale_percent) / 100);
}

function taken(attempt: Attempt, remedy: keyof Attempt["taken"]): number {
  return attempt.taken[remedy] ?? 0;
}

/** The wait of a series that doubles from `base` up to `cap`; `times` counts the ones before. */
export function doubling(base: number, cap: number, times: number): number {
  return Math.min(cap, base * 2 ** Math.min(times, 40));
}

/** A letter, or a final error, of this code may concern a message that left. */
export function effectOf(code: ErrorCode, mayHaveLeft: boolean): "none" | "possible" {
  return mayHaveLeft ? "possible" : catalogRow(code).effect;
}

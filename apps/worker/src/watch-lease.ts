import { type Instant, isBefore } from "./instant.ts";

export interface LeaseWatchDeps {
  /** The end of the lease, as far as we know it. */
  readonly endsAt: () => Instant;
  /** The cuts of a process, and the returns, are spread over so long, ms. */
  readonly spreadMs: number;
  /** 0 ≤ random < 1 */
  readonly random: () => number;
  readonly cut: () => void;
  readonly comeBack: () => void;
}

export interface LeaseWatch {
  /** The lease is ours, for a while. */
  renewed(): void;
  stop(): void;
}

/**
 * A worker that can't reach Redis does not learn that others took its devices over. When the lease of one is over, and still is after
 * a wait by chance, its socket is cut; when the lease turns out to be ours again, it comes back after another.
 *
 * ```
 *  held ──over──► over ──wait──► cut ──renewed──► wait ──► held
 *    ▲              └──renewed──┐
 *    └──────────────────────────┘
 * ```
 */
export function watchLease(deps: LeaseWatchDeps): LeaseWatch {
  let timer: NodeJS.Timeout | undefined;
  let state: "held" | "over" | "cut" | "returning" | "stopped" = "held";
  const after = (ms: number, then: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  };
  const byChance = (): number => deps.random() * deps.spreadMs;

  function look(): void {
    const end = deps.endsAt();
    if (isBefore(end)) {
      state = "held";
      // A wall clock that was set may end it before; nothing is lost by learning that a little later.
      return after(Math.max(1, end.monotonic - performance.now()), look);
    }
    if (state !== "over") {
      state = "over";
      return after(byChance(), look);
    }
    state = "cut";
    deps.cut();
  }

  look();
  return {
    renewed() {
      if (!isBefore(deps.endsAt())) return;
      if (state === "over") look();
      if (state !== "cut") return;
      state = "returning";
      after(byChance(), () => {
        look();
        deps.comeBack();
      });
    },
    stop() {
      state = "stopped";
      clearTimeout(timer);
    },
  };
}

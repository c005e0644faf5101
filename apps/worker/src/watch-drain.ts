import type { Settings } from "@pombo/domain";
import type { LaneView, Ledger, Ownership } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";

export interface WatchDeps {
  readonly own: Ownership;
  readonly ledger: Pick<Ledger, "announce">;
  readonly log: Log;
  readonly settings: Settings;
  readonly now: () => number;
}

/** Reports a lane that is healthy and has messages that could go, yet moves none: `lane.blocked`, and `lane.unblocked` when it moves again. */
export interface DrainWatch {
  /** A message was moved on. */
  moved(): void;
  look(fed: { readonly view: LaneView; readonly why: string }, busy: boolean): Promise<void>;
}

/** Reasons that explain themselves: not a fault of ours. */
const EXPLAINED: ReadonlySet<string> = new Set(["empty", "pacing", "budget", "lane_paused"]);

export function watchDrain({ own, ledger, log, settings, now }: WatchDeps): DrainWatch {
  let movedAt = now();
  let reported = false;
  return {
    moved() {
      movedAt = now();
    },
    async look({ view, why }, busy) {
      const idle = EXPLAINED.has(why) && view.windowUsed === 0 && !busy;
      if (idle) movedAt = now();
      const blocked = now() - movedAt >= settings.drain_watch_ms;
      if (blocked === reported) return;
      reported = blocked;
      const fields = { device_id: own.deviceId, why, window: view.windowUsed, since: movedAt };
      if (blocked) log.warn("lane.blocked", fields);
      else log.info("lane.unblocked", fields);
      await ledger.announce(own.deviceId, blocked ? "lane.blocked" : "lane.unblocked", now());
    },
  };
}

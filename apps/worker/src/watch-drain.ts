import type { Settings } from "@pombo/domain";
import type { Ledger, Ownership } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";

export interface WatchDeps {
  readonly own: Ownership;
  readonly ledger: Pick<Ledger, "announce">;
  readonly log: Pick<Log, "info" | "warn">;
  readonly settings: Settings;
  readonly now: () => number;
}

/** Reports a lane that is healthy and has messages that could go, yet moves none: `lane.blocked`, and `lane.unblocked` when it moves again. */
export interface DrainWatch {
  /** A message was moved on. */
  moved(): void;
  /** Nothing may move for now: the device is away, or the lane must be put in order first. */
  rest(): void;
  look(
    fed: { readonly view: { readonly windowUsed: number }; readonly why: string },
    busy: boolean,
  ): Promise<void>;
  /** A turn of the lane broke off. */
  broke(): Promise<void>;
}

/** Reasons that explain themselves: not a fault of ours. */
const EXPLAINED: ReadonlySet<string> = new Set(["empty", "pacing", "budget", "lane_paused"]);

export function watchDrain({ own, ledger, log, settings, now }: WatchDeps): DrainWatch {
  /** The first look at which something should have moved and did not, since it last did. */
  let stillSince: number | undefined;
  let reported = false;
  const excuse = (): void => void (stillSince = undefined);

  async function judge(fields: { readonly why: string; readonly window?: number }): Promise<void> {
    const since = stillSince ?? now();
    const blocked = now() - since >= settings.drain_watch_ms;
    if (blocked === reported) return;
    await ledger.announce(own.deviceId, blocked ? "lane.blocked" : "lane.unblocked", now());
    reported = blocked;
    const facts = { device_id: own.deviceId, ...fields, since };
    if (blocked) log.warn("lane.blocked", facts);
    else log.info("lane.unblocked", facts);
  }

  return {
    moved: excuse,
    rest: excuse,
    async look({ view: { windowUsed }, why }, busy) {
      const idle = EXPLAINED.has(why) && windowUsed === 0 && !busy;
      stillSince = idle ? undefined : (stillSince ?? now());
      await judge({ why, window: windowUsed });
    },
    async broke() {
      stillSince ??= now();
      await judge({ why: "broken" });
    },
  };
}

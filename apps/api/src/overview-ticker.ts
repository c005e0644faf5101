import type { OverviewBody } from "@pombo/contract";
import type { ErrorCode, Settings } from "@pombo/domain";
import { instant } from "./answer.ts";
import { renderOverview } from "./render-overview.ts";
import type { Overview, Overviewer } from "./take-overview.ts";

export interface TickerDeps {
  readonly overviewer: Overviewer;
  readonly settings: Settings;
  readonly now: () => number;
}

/** Tells the overview to all open streams that want it, as often as a new one is taken; it rests while none does. */
export interface OverviewTicker extends AsyncDisposable {
  /** `hear` gets a server-sent event without an id. Returns how to stop. */
  listen(hear: (frame: string) => void): () => void;
}

const WINDOW_S = 3_600;
const STEP_S = 60;
/** The step of this moment, and the one before: messages of a while ago may still be counted there. */
const STEPS_TOLD = 2;
/** Without a setting that says so, no faster than this. */
const FASTEST_MS = 100;
/** A look that takes longer is told as an outage: Redis may be given much longer before its command fails. */
const PATIENCE_MS = 2_000;

export function openOverviewTicker({ overviewer, settings, now }: TickerDeps): OverviewTicker {
  const listeners = new Set<(frame: string) => void>();
  let timer: NodeJS.Timeout | undefined;
  let ticking: Promise<void> | undefined;
  let failedAt: number | undefined;
  let told: Overview | undefined;

  /** Undefined while the last one still stands. */
  async function lookFor(): Promise<string | undefined> {
    try {
      const seen = await inTime(overviewer.take());
      if (seen === told && failedAt === undefined) return undefined;
      told = seen;
      const body = renderOverview(
        seen,
        { windowS: WINDOW_S, stepS: STEP_S, steps: STEPS_TOLD },
        settings,
      );
      failedAt = undefined;
      return frameOf("overview", body.at, body);
    } catch {
      // The store is away, and says so itself in every request.
      failedAt ??= now();
      const code: ErrorCode = "SERVICE_UNAVAILABLE";
      return frameOf("outage", instant(now()), { error_code: code, since: instant(failedAt) });
    }
  }

  async function tick(): Promise<void> {
    const frame = await lookFor();
    if (frame === undefined) return;
    for (const hear of listeners) hear(frame);
  }

  function begin(): void {
    if (ticking !== undefined || timer !== undefined) return;
    ticking = tick().finally(() => {
      ticking = undefined;
      if (listeners.size === 0) return;
      timer = setTimeout(
        () => {
          timer = undefined;
          begin();
        },
        Math.max(FASTEST_MS, settings.overview_refresh_ms),
      );
    });
  }

  function rest(): void {
    clearTimeout(timer);
    timer = undefined;
    told = undefined;
  }

  return {
    listen(hear) {
      listeners.add(hear);
      begin();
      return () => {
        listeners.delete(hear);
        if (listeners.size === 0) rest();
      };
    },
    async [Symbol.asyncDispose]() {
      listeners.clear();
      rest();
      await ticking;
    },
  };
}

function frameOf(
  type: "overview" | "outage",
  timestamp: string,
  data: OverviewBody | { readonly error_code: ErrorCode; readonly since: string },
): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, timestamp, data })}\n\n`;
}

/** @throws Error when it takes longer than {@link PATIENCE_MS} */
async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("no answer in time")), PATIENCE_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

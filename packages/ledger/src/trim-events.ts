import type { EndpointId, Settings } from "@pombo/domain";
import { type Redis, usedPercent } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** How long the event log is kept. */
export interface EventRetention {
  /**
   * Shortens the log to what is kept and what enabled endpoints have still to see. One that is too far behind is parked, so that it holds
   * the log no longer; when Redis fills up, every one that holds more than what is kept anyway.
   */
  trimEvents(
    now: number,
  ): Promise<{ readonly trimmed: number; readonly parked: readonly EndpointId[] }>;
}

/** Entries that one step takes away at most. */
const AT_ONCE = 10_000;
const STEPS = 100;

export function eventRetention({
  redis,
  run,
  settings,
}: {
  readonly redis: Redis;
  readonly run: Run;
  readonly settings: Settings;
}): EventRetention {
  return {
    async trimEvents(now) {
      const full = usedPercent(await redis.info("memory")) >= settings.memory_webhook_percent;
      const since = now - settings.events_kept_ms;
      const behind = full ? since : now - settings.webhook_behind_ms;
      let trimmed = 0;
      const parked: EndpointId[] = [];
      for (let step = 0; step < STEPS; step += 1) {
        // oxlint-disable-next-line no-await-in-loop -- step by step, so that others have their turn
        const reply = await run("trim-events", since, behind, now, AT_ONCE);
        const [gone, ...stopped] = reply as [number, ...EndpointId[]];
        trimmed += gone;
        parked.push(...stopped);
        if (gone < AT_ONCE / 2) break;
      }
      return { trimmed, parked };
    },
  };
}

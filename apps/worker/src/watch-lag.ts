import type { Log } from "@pombo/telemetry";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { every } from "./every.ts";

const LOOK_MS = 5_000;

/** Reports when the event loop stood still for so long (ms) that leases are in danger. */
export function watchLag(log: Log, worryMs: number): AsyncDisposable {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const look = every(
    LOOK_MS,
    async () => {
      const worst = Math.round(delay.max / 1e6);
      delay.reset();
      if (worst >= worryMs) log.warn("worker.lagged", { worst_ms: worst });
      await Promise.resolve();
    },
    (error) => log.error("worker.lag_unknown", { error }),
  );
  return {
    async [Symbol.asyncDispose]() {
      delay.disable();
      await look.stop();
    },
  };
}

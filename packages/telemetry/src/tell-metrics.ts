import type { HealthWatch } from "./health.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { type ReadMetricsPlace, serveMetrics } from "./serve-metrics.ts";

/** Of a process that serves nothing else: its metrics, its health, and how long Redis takes to answer. */
export interface TellDeps {
  readonly metrics: Metrics;
  readonly health: Pick<HealthWatch, "look">;
  /** Any command that also a Redis answers which takes no writes; observed: without room on its disk it refuses PING. */
  readonly askRedis: () => Promise<unknown>;
  /** Further gauges, as they are at this moment. */
  readonly gauges: () => Readonly<Record<string, number>>;
  readonly log: Pick<Log, "info" | "warn">;
}

/** Serves the metrics and the health where the environment says so. A port that is taken is told, and the process goes on without. */
export async function tellMetrics(
  place: Exclude<ReadMetricsPlace, { kind: "refused" }>,
  { metrics, health, askRedis, gauges, log }: TellDeps,
): Promise<AsyncDisposable> {
  if (place.kind === "off") return { [Symbol.asyncDispose]: () => Promise.resolve() };
  const render = async () => {
    const began = performance.now();
    await askRedis();
    const redis_round_trip_seconds = (performance.now() - began) / 1_000;
    const text = await metrics.render({ ...gauges(), redis_round_trip_seconds });
    return { text, contentType: metrics.contentType };
  };
  try {
    const server = await serveMetrics(place, { metrics: render, health });
    log.info("metrics.served", { url: server.url });
    return server;
  } catch (error) {
    log.warn("metrics.not_served", { port: place.port, error });
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
}

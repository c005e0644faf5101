import { demandSchema, openLedger, storeChecks } from "@pombo/ledger";
import { openWebhookJobs, openWebhookWorker } from "@pombo/queue";
import { cellKeys, checkRedis, openRedis } from "@pombo/redis";
import { openStatus } from "@pombo/status";
import {
  label,
  measureLog,
  type Measures,
  type Metrics,
  openHealth,
  openLog,
  openMetrics,
  openTracing,
  tellMetrics,
} from "@pombo/telemetry";
import { openPoster } from "@pombo/webhook";
import { once } from "node:events";
import { type Config, environment, readConfig } from "./config.ts";
import { deliver } from "./deliver.ts";
import { openLogReader } from "./read-log.ts";
import { traceDeliveries } from "./trace-deliveries.ts";

/**
 * Event log in, webhooks out.
 *
 * ```
 *  event log ─► read-log (one reader) ─► feed-endpoint ─► ledger: cursor, open deliveries ─► jobs ─► deliver (every notifier) ─► endpoint
 * ```
 */
const stop = new AbortController();
const metrics = openMetrics();
const log = measureLog(openLog({ name: "notifier" }), deliveryMeasures(metrics));

// Under a supervisor, Ctrl-C reaches every process at once: then only the supervisor decides who stops when.
const supervised = process.send !== undefined;
process.on("SIGTERM", () => stop.abort("SIGTERM"));
process.on("SIGINT", () => (supervised ? undefined : stop.abort("SIGINT")));
process.on("disconnect", () => stop.abort("supervisor gone"));

/** A BZPOPMIN of the queue's worker is silent for so long. */
const QUEUE_SILENCE_MS = 20_000;
/** Left for settling, after requests under way were cut. */
const SETTLE_MS = 2_000;

try {
  await run(readConfig());
} catch (error) {
  log.error("notifier.failed", { error });
  process.exitCode = 1;
}
log.info("notifier.stopped");
process.exit();

async function run(config: Config): Promise<void> {
  await using tracing = await openTracing("notifier", environment());
  const { settings, redisUrl: url } = config;
  const onError = (error: Error): void => log.warn("redis.error", { error });
  await using commands = await openRedis({ url, role: "worker", onError });
  const problems = await checkRedis(commands.client);
  if (problems.length > 0 && !config.development)
    throw new Error(`this Redis can't keep what is accepted: ${problems.join("; ")}`);
  for (const problem of problems) log.warn("redis.unsafe", { problem });

  await using subscriber = await openRedis({ url, role: "subscriber", onError });
  const queue = { url, role: "worker", silenceMs: QUEUE_SILENCE_MS, onError } as const;
  await using blocking = await openRedis(queue);
  const keys = cellKeys(config.cell);
  const { tag } = keys;
  const ledger = openLedger({ redis: commands.client, keys, settings });
  await demandSchema(ledger, (event, fields) => log.info(event, fields));
  await using jobs = openWebhookJobs({ redis: commands.client, tag });
  const channels = ["events", "nudges"] as const;
  await using status = await openStatus({ redis: subscriber.client, keys, channels });
  const timeoutMs = settings.webhook_timeout_ms;
  const poster = openPoster({ allowsPrivate: config.development, timeoutMs });

  const health = openHealth({
    checks: storeChecks({ redis: commands.client, ledger, settings }),
    waitMs: settings.health_wait_ms,
  });
  // Closed last: until what is under way is settled, a notifier tells that it drains.
  await using _metrics = await tellMetrics(config.metrics, {
    metrics,
    health,
    askRedis: () => commands.client.time(),
    gauges: () => ({}),
    log,
  });
  const cut = new AbortController();
  await using traces =
    tracing &&
    traceDeliveries({
      tracing,
      findTraces: (ids) => ledger.findTraces(ids),
      now: Date.now,
      onError: (error) => log.warn("traces.not_found", { error }),
    });
  const deliveryLog = traces === undefined ? log : measureLog(log, traces.measures);
  const means = { ledger, settings, log: deliveryLog, now: Date.now };
  await using _worker = await openWebhookWorker({
    redis: blocking.client,
    tag,
    concurrency: settings.webhook_concurrency,
    lockMs: settings.webhook_lock_ms,
    handle: (job) => deliver(job, { ...means, poster, random: Math.random, cut: cut.signal }),
    onError: (error) => log.warn("job.failed", { error }),
  });
  await using reader = openLogReader({ ...means, owner: config.owner, jobs });
  status.onEvent(() => reader.nudge());
  status.onNudge((endpointId) => reader.nudge(endpointId));

  health.started();
  log.info("notifier.ready", { owner: config.owner, cell: config.cell });
  process.send?.({ kind: "ready", pid: process.pid });
  if (!stop.signal.aborted) await once(stop.signal, "abort");
  health.drain();
  log.info("notifier.stopping", { why: String(stop.signal.reason) });
  setTimeout(() => cut.abort(), Math.max(0, settings.shutdown_ms - SETTLE_MS));
  endWithoutRedis(commands.client, settings.shutdown_ms);
}

/** Every write waits for Redis: when our time is over and it is still away, the lease and the jobs' locks end by themselves. */
function endWithoutRedis(redis: { readonly status: string }, afterMs: number): void {
  setInterval(() => {
    if (redis.status === "ready") return;
    log.error("notifier.ended_without_redis");
    process.exit(1);
  }, afterMs);
}

/** The lines of the notifier's log that are measured. */
function deliveryMeasures(of: Metrics): Measures {
  const deliveries = of.counter({
    name: "webhook_deliveries_total",
    help: "Requests to endpoints by what became of the delivery",
    labels: ["verdict"],
    begins: ["delivered", "retry", "park", "gone"].map((verdict) => ({ verdict })),
  });
  const took = of.timer({
    name: "webhook_request_seconds",
    help: "Requests to endpoints",
    labels: ["verdict"],
  });
  const readers = of.counter({
    name: "event_log_reads_begun_total",
    help: "How often this notifier became the reader of the event log",
    labels: [],
  });
  return {
    "delivery.tried": ({ verdict, took_ms }) => {
      deliveries({ verdict: label(verdict) });
      took({ verdict: label(verdict) }, Number(took_ms));
    },
    "reader.began": () => readers({}),
  };
}

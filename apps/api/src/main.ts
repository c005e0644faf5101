import { fileURLToPath } from "node:url";
import { cellKeys, checkRedis, openRedis } from "@pombo/redis";
import { demandSchema, openLedger, storeChecks } from "@pombo/ledger";
import { examineFolder, openMediaRoom } from "@pombo/media";
import { openQueueReaders } from "@pombo/queue";
import { openStatus } from "@pombo/status";
import { openHealth, openLog, openMetrics, openTracing } from "@pombo/telemetry";
import { openAdmission } from "./admission.ts";
import { countAccepted } from "./count-accepted.ts";
import { type Config, environment, readConfig } from "./config.ts";
import { openEventTail } from "./event-tail.ts";
import { faultPoint } from "./fault-point.ts";
import { openFollow } from "./follow.ts";
import { openKeyWatch } from "./key-watch.ts";
import { openFeed } from "./open-feed.ts";
import { openSandbox } from "./sandbox/open-sandbox.ts";
import { openServer } from "./server.ts";
import { openOverviewTicker } from "./overview-ticker.ts";
import { openOverviewer } from "./take-overview.ts";
import { traceRequests } from "./trace-requests.ts";
import { untilTold } from "./until-told.ts";

/**
 * HTTP in. Opens what it needs, serves until it is told to end, closes in reverse order.
 *
 * ```
 *  server ─► exchange ─► authenticate ─► bind-route ─► read-parts ─► routes/* ─► answer, or a problem in the dialect of the path
 *     └ refuse-socket: what never becomes a request    POST /v1/messages: accept-message ─► answer-message
 * ```
 * *Exchange*: one request and its answer, one log line. *Caller*: whose key it is, what it may do and see.
 * *Follow*: live events by their subject; whoever waits subscribes, reads the ledger, and reads it again.
 */
async function main(config: Config): Promise<void> {
  const told = untilTold(process);
  const log = openLog({ name: "api" });
  const onError = (error: Error): void => log.warn("redis.failed", { error });
  const { redisUrl: url, cell, settings } = config;
  await using requests = await openRedis({ url, role: "request", onError });
  await using subscriber = await openRedis({ url, role: "subscriber", onError });
  const missing = await checkRedis(requests.client);
  if (missing.length > 0 && config.env === "production") throw new Error(missing.join("; "));

  const keys = cellKeys(cell);
  const redis = requests.client;
  const live = { redis: subscriber.client, keys, channels: ["events"] } as const;
  await using status = await openStatus({ ...live, eventsOnDemand: true });
  const metrics = openMetrics();
  const ledger = countAccepted(openLedger({ redis, keys, settings }), metrics);
  await demandSchema(ledger, (event, fields) => log.info(event, fields));
  const following = { ledger, events: status, settings, now: Date.now };
  await using tail = openEventTail(following);
  using keyWatch = openKeyWatch({ ...following, sweepMs: settings.key_sweep_ms });
  await using media = await openMediaRoom(config.media);
  await using tracing = await openTracing("api", environment());
  const trace =
    tracing &&
    traceRequests({
      tracing,
      ledger,
      now: Date.now,
      onError: (error) => log.warn("trace.not_kept", { error }),
    });
  const overviewer = openOverviewer({
    ledger,
    info: (...sections) => redis.info(...sections),
    settings,
    now: Date.now,
    clock: monotonic,
  });
  await using ticker = openOverviewTicker({ overviewer, settings, now: Date.now });
  const health = openHealth({
    checks: {
      ...storeChecks({ redis, ledger, settings }),
      disk: {
        away: "The disk does not answer",
        look: () => examineFolder(media.store.spool, settings.disk_free_bytes),
      },
    },
    waitMs: settings.health_wait_ms,
  });
  await using server = await openServer(
    {
      health,
      trace,
      metrics,
      tail,
      keyWatch,
      ledger,
      media,
      lane: openFeed({ redis, keys }),
      follow: openFollow(status),
      admission: openAdmission({
        info: () => redis.info("memory"),
        settings,
        clock: monotonic,
      }),
      overviewer,
      ticker,
      reach: faultPoint(config.fault, () => process.kill(process.pid, "SIGKILL")),
      now: Date.now,
      allowsPrivate: config.env === "development",
      cell,
      settings,
      corsOrigins: config.corsOrigins,
      sandbox: config.sandboxUrl === undefined ? undefined : openSandbox(config.sandboxUrl),
      trustsProxy: config.trustsProxy,
      consoleFolder: CONSOLE,
      queues: openQueueReaders({ redis, tag: keys.tag }),
      info: () => redis.info(),
      mode: config.sandboxUrl === undefined ? "live" : "sandbox",
      log,
    },
    config,
  );
  health.started();
  log.info("api.started", { url: server.url });
  process.send?.({ kind: "ready", url: server.url, pid: process.pid });
  const { because } = await told;
  log.info("api.closing", { because });
}

/** Where the console is built. */
const CONSOLE = fileURLToPath(new URL("../../console/dist", import.meta.url));

/** Monotonic ms. */
function monotonic(): number {
  return performance.now();
}

const read = readConfig(environment());
if (read.kind === "refused") {
  console.error(`pombo api: ${read.reason}`);
  process.exit(2);
}
try {
  await main(read.config);
  process.exit(0);
} catch (error) {
  console.error(`pombo api: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

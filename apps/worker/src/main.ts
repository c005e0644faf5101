import { demandSchema, openLedger, storeChecks } from "@pombo/ledger";
import { examineFolder, openMediaRoom } from "@pombo/media";
import { openLanes } from "@pombo/queue";
import { cellKeys, checkRedis, openRedis, usedPercent } from "@pombo/redis";
import { openStatus } from "@pombo/status";
import {
  measureLog,
  openHealth,
  openLog,
  openMetrics,
  openTracing,
  tellMetrics,
} from "@pombo/telemetry";
import { once } from "node:events";
import { type Config, environment, readConfig } from "./config.ts";
import { openDrawer } from "./draw-rows.ts";
import { faultPoints } from "./fault-point.ts";
import { openFleet } from "./fleet.ts";
import { watchMemory } from "./memory-room.ts";
import { ownDevice } from "./own-device.ts";
import { createPlaces } from "./places.ts";
import { measureEvidence, workMeasures } from "./measure-work.ts";
import { createHostSlots, createSlots } from "./slots.ts";
import { createSolo } from "./solo.ts";
import { traceWork } from "./trace-work.ts";
import { tidyMedia } from "./tidy-media.ts";
import { watchLag } from "./watch-lag.ts";

const stop = new AbortController();
const metrics = openMetrics();
/** Of what Redis refuses: acks and receipts of 1.5 KB each, as measured; messages of 64 KB at most. */
const MOST_KEPT = { receipts: 10_000, inbound: 1_000 } as const;
const log = measureLog(openLog({ name: "worker" }), workMeasures(metrics));

// Under a supervisor, Ctrl-C reaches every process at once: then only the supervisor decides who stops when.
const supervised = process.send !== undefined;
process.on("SIGTERM", () => stop.abort("SIGTERM"));
process.on("SIGINT", () => (supervised ? undefined : stop.abort("SIGINT")));
process.on("disconnect", () => stop.abort("supervisor gone"));

// Observed: some of Baileys' listeners send without anybody waiting for it. One socket's trouble must not end the others.
process.on("unhandledRejection", (error) => log.error("worker.rejection_unhandled", { error }));

try {
  await run(readConfig());
} catch (error) {
  log.error("worker.failed", { error });
  process.exitCode = 1;
}
log.info("worker.stopped");
// Everything of ours is closed. Observed: Baileys leaves timers of up to 30 s behind a closed socket.
process.exit();

async function run(config: Config): Promise<void> {
  await using tracing = await openTracing("worker", environment());
  const { settings } = config;
  const onError = (error: Error): void => log.warn("redis.error", { error });
  await using commands = await openRedis({ url: config.redisUrl, role: "worker", onError });
  const problems = await checkRedis(commands.client);
  if (problems.length > 0 && !config.development)
    throw new Error(`this Redis can't keep what is accepted: ${problems.join("; ")}`);
  for (const problem of problems) log.warn("redis.unsafe", { problem });

  await using subscriber = await openRedis({ url: config.redisUrl, role: "subscriber", onError });
  const keys = cellKeys(config.cell);
  const bare = measureEvidence(openLedger({ redis: commands.client, keys, settings }), metrics);
  await using traces =
    tracing &&
    traceWork({
      tracing,
      findTraces: (ids) => bare.findTraces(ids),
      now: Date.now,
      onError: (error) => log.warn("traces.not_found", { error }),
    });
  const ledger = traces?.over(bare) ?? bare;
  const laneLog = traces === undefined ? log : measureLog(log, traces.measures);
  await demandSchema(ledger, (event, fields) => log.info(event, fields));
  const lanes = openLanes({ redis: commands.client, tag: keys.tag, owner: config.owner });
  await using status = await openStatus({
    redis: subscriber.client,
    keys,
    channels: ["wakes", "freed"],
  });

  await using room = await openMediaRoom(config.media);
  const media = {
    room,
    slots: {
      upload: createSlots(settings.media_parallel),
      fetch: createHostSlots(settings.media_fetch_parallel, settings.media_host_parallel),
    },
    allowLoopback: config.allowLoopback,
  };
  await using _tidy = tidyMedia({ ledger, store: room.store, settings, log, now: Date.now });

  await using _lag = watchLag(log, settings.lease_margin_ms);
  const solo = createSolo();
  const places = {
    receipts: createPlaces(MOST_KEPT.receipts),
    inbound: createPlaces(MOST_KEPT.inbound),
  };
  const used = async (): Promise<number> => usedPercent(await commands.client.info("memory"));
  const hasRoom = watchMemory({ used, settings, clock: () => performance.now() });
  const drawer = openDrawer({ ledger, settings, hasRoom, now: Date.now });
  const reach = faultPoints(config.fault, () => process.kill(process.pid, "SIGKILL"));
  const health = openHealth({
    checks: {
      ...storeChecks({ redis: commands.client, ledger, settings }),
      disk: {
        away: "The disk does not answer",
        look: () => examineFolder(room.store.spool, settings.disk_free_bytes),
      },
    },
    waitMs: settings.health_wait_ms,
  });
  let size: (() => number) | undefined;
  // Closed last: until its devices are handed over, a worker tells that it drains.
  await using _metrics = await tellMetrics(config.metrics, {
    metrics,
    health,
    askRedis: () => commands.client.time(),
    gauges: () => ({ lanes_run: size?.() ?? 0 }),
    log,
  });
  await using fleet = await openFleet({
    owner: config.owner,
    ledger,
    settings,
    log,
    now: Date.now,
    ownDevice: (own, aliveUntil, hooks) =>
      ownDevice(own, aliveUntil, {
        ledger,
        lane: lanes.lane(own.deviceId),
        whatsapp: config.whatsapp,
        keys: config.credentialKeys,
        settings,
        solo,
        drawer,
        places,
        reach,
        optOutKeywords: config.optOutKeywords,
        media,
        log: laneLog,
        now: Date.now,
        ...hooks,
      }),
  });
  size = fleet.size;
  health.started();
  status.onWake(fleet.wake);
  status.onFreed(fleet.freed);
  log.info("worker.ready", { owner: config.owner, cell: config.cell });
  process.send?.({ kind: "ready", pid: process.pid });
  if (!stop.signal.aborted) await once(stop.signal, "abort");
  health.drain();
  log.info("worker.stopping", { why: String(stop.signal.reason) });
  endWithoutRedis(commands.client, settings.shutdown_ms);
}

/** Every write waits for Redis, also those of the handover: when our time is over and it is still away, the leases end by themselves. */
function endWithoutRedis(redis: { readonly status: string }, afterMs: number): void {
  setInterval(() => {
    if (redis.status === "ready") return;
    log.error("worker.ended_without_redis");
    process.exit(1);
  }, afterMs);
}

import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type CellId, type DeviceId, mintDeviceId } from "@pombo/domain";
import { openApi } from "./api.ts";
import { metered } from "./meter.ts";
import type { Options } from "./options.ts";
import { openPombo } from "./pombo.ts";
import { startProgram } from "./program.ts";
import { rounded, table } from "./report.ts";
import type { Stage } from "./stage.ts";
import { percentile } from "./statistics.ts";
import type { Arrivals, Crowd } from "./stream-client.ts";

interface Measured {
  readonly title: string;
  readonly kibPerClient: number;
  readonly deliveries: number;
  readonly events: number;
  readonly apiUs: number;
  readonly redisUs: number;
  readonly lastMs: readonly number[];
}

const EVENTS = 40;
const GAP_MS = 100;
const SETTLE_MS = 1_500;

interface Contest {
  readonly title: string;
  readonly kind: Crowd["kind"];
  query(device: DeviceId): string;
  /** How many of the clients hear an event. */
  readonly hearers: "all" | "one";
}

const CONTESTS: readonly Contest[] = [
  { title: "streams of everything", kind: "stream", query: () => "", hearers: "all" },
  {
    title: "streams of a device each",
    kind: "stream",
    query: (device) => `?device_id=${device}`,
    hearers: "one",
  },
  {
    title: "long polls",
    kind: "poll",
    query: () => "?after=now&wait=60",
    hearers: "all",
  },
];

/** What one API process pays for very many clients of live events: memory while nothing happens, CPU for every event. */
export async function streams(
  stage: Stage,
  { clients }: Options,
  say: (line: string) => void,
): Promise<void> {
  const results: Measured[] = [];
  for (const [index, contest] of CONTESTS.entries()) {
    say(`streams: ${clients} ${contest.title}`);
    // oxlint-disable-next-line no-await-in-loop -- each beside a fresh process
    results.push(await measure(stage, contest, { clients, cell: `c${20 + index}` as CellId }));
  }
  process.stdout.write(report(results, clients));
}

async function measure(
  stage: Stage,
  contest: Contest,
  { clients, cell }: { readonly clients: number; readonly cell: CellId },
): Promise<Measured> {
  const { title, kind, hearers } = contest;
  await using pombo = await openPombo(stage, cell);
  await using api = await openApi(stage, pombo);
  await using crowd = await startProgram({
    name: `crowd-${cell}`,
    file: "bench/stream-client.ts",
    logFolder: stage.folder,
  });
  const devices = Array.from({ length: clients }, () => mintDeviceId(randomBytes(8)));
  const queries = devices.map((device) => contest.query(device));
  const before = (await api.program.settledUsage()).rss;
  const order: Crowd = { url: api.url, key: api.key, queries, kind };
  await crowd.ask("open", order);
  await pause(SETTLE_MS);
  const after = (await api.program.settledUsage()).rss;
  const heard = hearers === "all" ? clients : 1;
  // A poll is answered once.
  const events = kind === "poll" ? 1 : EVENTS;
  const cost = await metered({ redis: stage.redis, programs: { api: api.program } }, async () => {
    const lastMs: number[] = [];
    for (let index = 0; index < events; index += 1) {
      const at = Date.now();
      const arrived = crowd.ask<Arrivals>("until", heard);
      // oxlint-disable-next-line no-await-in-loop -- one event, and then the next
      await pombo.ledger.announce(devices[index] ?? ("" as DeviceId), "lane.blocked", at);
      // oxlint-disable-next-line no-await-in-loop
      lastMs.push((await arrived).lastAt - at);
      // oxlint-disable-next-line no-await-in-loop
      await pause(GAP_MS);
    }
    return lastMs;
  });
  await crowd.ask("close");
  const deliveries = heard * events;
  return {
    title,
    kibPerClient: (after - before) / clients / 1_024,
    deliveries,
    events,
    apiUs: ((cost.cpuMs["api"] ?? 0) * 1_000) / deliveries,
    redisUs: cost.redisUs / events,
    lastMs: cost.result,
  };
}

function report(results: readonly Measured[], clients: number): string {
  const rows = results.map((one) => [
    one.title,
    rounded(one.kibPerClient, 1),
    String(one.deliveries),
    rounded((one.apiUs * one.deliveries) / one.events / 1_000, 1),
    one.deliveries > one.events ? rounded(one.apiUs, 1) : "–",
    rounded(one.redisUs, 0),
    rounded(percentile(one.lastMs, 0.5), 0),
    rounded(percentile(one.lastMs, 1), 0),
  ]);
  return table(`live events: ${clients} clients of one API process`, [
    [
      "",
      "KiB a client",
      "deliveries",
      "API ms an event",
      "API µs a delivery",
      "Redis µs an event",
      "last one, ms",
      "worst, ms",
    ],
    ...rows,
  ]);
}

import type { CellId } from "@pombo/domain";
import { type Api, openApi } from "./api.ts";
import type { FloodEnd, PacedEnd } from "./load-client.ts";
import { metered } from "./meter.ts";
import type { Numbers } from "./numbers.ts";
import type { Options } from "./options.ts";
import { openPombo, type Pombo } from "./pombo.ts";
import { type Program, startProgram } from "./program.ts";
import { openRaw, type Raw } from "./raw.ts";
import { against, rounded, table } from "./report.ts";
import type { Round } from "./round.ts";
import { receivedAt } from "./simulator-log.ts";
import type { Stage } from "./stage.ts";
import { median, percentile } from "./statistics.ts";

interface End {
  readonly perSecond: number;
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly redisUs: number;
}

interface Contest {
  readonly title: string;
  readonly raw: readonly End[];
  readonly pombo: readonly End[];
}

/** ms from the begin of the request, or of the send. */
interface Latencies {
  readonly accepted: readonly number[];
  readonly written: readonly number[];
  readonly acked: readonly number[];
}

interface Pace {
  readonly title: string;
  readonly raw: Latencies;
  readonly pombo: Latencies;
}

type Say = (line: string) => void;

const CONTACTS = 25;
const CONNECTIONS = 20;
const LONGEST_TURNS = 2;
const WARM_MS = 86_400_000;

interface Whole {
  readonly stage: Stage;
  readonly raw: Raw;
  readonly pombo: Pombo;
  readonly api: Api;
  readonly load: Program;
  readonly say: Say;
}

/**
 * Bare Baileys beside the whole product: HTTP, ledger, lane, worker, event. Measured from the begin of the first request to the
 * last event that says sent; the API, the worker, Redis, the simulator and the load share the machine, where bare Baileys shares
 * it with the simulator alone. Then single messages at a gentle pace, each on an idle lane, for the latency.
 */
export async function endToEnd(stage: Stage, options: Options, say: Say): Promise<void> {
  const contests: Contest[] = [];
  const paces: Pace[] = [];
  for (const devices of options.devices > 1 ? [1, options.devices] : [1]) {
    say(`end-to-end: pairing ${devices} and ${devices}`);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await using raw = await openRaw(stage, { pair: devices });
    // oxlint-disable-next-line no-await-in-loop
    await using pombo = await openPombo(stage, (devices === 1 ? "c6" : "c7") as CellId);
    await pombo.startWorker();
    await pombo.pair(devices);
    await using api = await openApi(stage, pombo);
    await using load = await startProgram({
      name: "load",
      file: "bench/load-client.ts",
      logFolder: stage.folder,
    });
    const whole = { stage, raw, pombo, api, load, say };
    const perDevice =
      devices === 1 ? options.messages : Math.max(10, Math.round((options.messages * 5) / devices));
    const contacts = Math.min(CONTACTS, perDevice);
    const known = { first: stage.takeNumbers(devices * contacts), perDevice: contacts };
    say("end-to-end: warming up");
    const warmUp = { devices, perDevice: contacts, numbers: known };
    await raw.round(warmUp);
    await flood(whole, warmUp);
    contests.push(
      await contest(
        whole,
        `${devices}, warm`,
        () => ({ devices, perDevice, numbers: known }),
        options,
      ),
    );
    const few = Math.ceil(perDevice / 4);
    const cold = (): Round => ({
      devices,
      perDevice: few,
      numbers: { first: stage.takeNumbers(devices * few), perDevice: few },
    });
    contests.push(await contest(whole, `${devices}, cold`, cold, options));
    paces.push(await pace(whole, { devices, numbers: known }));
  }
  process.stdout.write(rateTable(contests));
  process.stdout.write(paceTable(paces));
}

async function contest(
  whole: Whole,
  title: string,
  ...[round, { rounds }]: [() => Round, Pick<Options, "rounds">]
): Promise<Contest> {
  const raw: End[] = [];
  const pombo: End[] = [];
  const turns = Math.min(rounds, LONGEST_TURNS);
  for (let index = 0; index < turns; index += 1) {
    whole.say(`end-to-end: ${title}: round ${index + 1} of ${turns}`);
    // oxlint-disable-next-line no-await-in-loop -- never both at once
    const end = await whole.raw.round(round());
    raw.push({ ...end, cpuMs: each(end.cpuMs, end.messages), redisUs: end.redisUs / end.messages });
    // oxlint-disable-next-line no-await-in-loop
    pombo.push(await flood(whole, round()));
  }
  return { title, raw, pombo };
}

/** As many messages as the round has, as fast as the API takes them. */
async function flood(whole: Whole, round: Round): Promise<End> {
  const { stage, pombo, api, load } = whole;
  const messages = round.devices * round.perDevice;
  const from = await pombo.events.end();
  const programs = { worker: pombo.worker(), api: api.program, simulator: stage.simulator };
  const cost = await metered({ redis: stage.redis, programs }, async () => {
    const grown = pombo.events.untilRead(from, messages, 5);
    const target = { url: api.url, key: api.key, devices: pombo.devices, numbers: round.numbers };
    const end = await load.ask<FloodEnd>("flood", {
      ...target,
      connections: CONNECTIONS,
      count: messages,
    });
    await grown;
    return end;
  });
  const { provedAt } = await pombo.events.since(from);
  if (provedAt.size !== messages || cost.result.accepted !== messages)
    throw new Error(`of ${messages} messages ${provedAt.size} were sent`);
  const lastAt = [...provedAt.values()].at(-1) ?? 0;
  const perSecond = (messages / (lastAt - cost.result.startedAt)) * 1_000;
  return { perSecond, cpuMs: each(cost.cpuMs, messages), redisUs: cost.redisUs / messages };
}

function each(cpuMs: Readonly<Record<string, number>>, messages: number): Record<string, number> {
  return Object.fromEntries(Object.entries(cpuMs).map(([name, ms]) => [name, ms / messages]));
}

/** Warm chats, and so the way straight into the lane. */
async function pace(
  whole: Whole,
  { devices, numbers }: { readonly devices: number; readonly numbers: Numbers },
): Promise<Pace> {
  const { stage, raw, pombo, api, load, say } = whole;
  const count = 200;
  const gapMs = devices === 1 ? 40 : 20;
  say(`end-to-end: ${devices}: ${count} single messages, one in ${gapMs} ms`);
  const until = Date.now() + WARM_MS;
  for (const [device, id] of pombo.devices.entries())
    for (let index = 0; index < numbers.perDevice; index += 1)
      // oxlint-disable-next-line no-await-in-loop -- few
      await pombo.ledger.warmUp(
        id,
        String(numbers.first + device * numbers.perDevice + index),
        until,
      );
  const order = { count, gapMs, numbers };
  const rawSent = await raw.paced({ ...order, devices });
  const from = await pombo.events.end();
  const grown = pombo.events.untilRead(from, count, 5);
  const target = { url: api.url, key: api.key, devices: pombo.devices };
  const sent = await load.ask<PacedEnd>("paced", { ...order, ...target });
  await grown;
  const { provedAt } = await pombo.events.since(from);
  const received = await receivedAt(stage.simulator);
  return {
    title: `${devices} device${devices === 1 ? "" : "s"}, one message in ${gapMs} ms`,
    raw: {
      accepted: [],
      written: after(received, rawSent),
      acked: rawSent.map(([, , ms]) => ms),
    },
    pombo: {
      accepted: sent.map(([, , ms]) => ms),
      written: after(received, sent),
      acked: after(provedAt, sent),
    },
  };
}

function rateTable(contests: readonly Contest[]): string {
  const rows = contests.map(({ title, raw, pombo }) => [
    `devices: ${title}`,
    rounded(median(raw.map(({ perSecond }) => perSecond)), 0),
    rounded(median(pombo.map(({ perSecond }) => perSecond)), 0),
    rounded(median(pombo.map((end, index) => end.perSecond / (raw[index]?.perSecond ?? 0)))),
    middleCpu(raw, "client"),
    middleCpu(pombo, "worker"),
    middleCpu(pombo, "api"),
    rounded(median(pombo.map(({ redisUs }) => redisUs)), 0),
  ]);
  return table("end-to-end: from the first request to the last sent, a message", [
    [
      "",
      "raw/s",
      "Pombo/s",
      "Pombo/raw",
      "raw CPU ms",
      "worker CPU ms",
      "API CPU ms",
      "Redis CPU µs",
    ],
    ...rows,
  ]);
}

function paceTable(paces: readonly Pace[]): string {
  const rows = paces.flatMap(({ title, raw, pombo }) => [
    [title, "", "", "", ""],
    ...latencyRows("request → 202", [], pombo.accepted),
    ...latencyRows(
      "request → socket write, seen by the simulator",
      raw.written,
      pombo.written,
      [5, 25],
    ),
    ...latencyRows("request → ack", raw.acked, pombo.acked),
  ]);
  return table("end-to-end: latency of single warm messages, ms", [
    ["", "", "raw", "Pombo", "above raw"],
    ...rows,
  ]);
}

function latencyRows(
  title: string,
  ...[raw, pombo, goals]: [readonly number[], readonly number[], (readonly [number, number])?]
): string[][] {
  return [0.5, 0.99].map((share, index) => {
    const base = raw.length === 0 ? 0 : percentile(raw, share);
    const ours = percentile(pombo, share);
    const goal = goals?.[index];
    const above = ours - base;
    return [
      index === 0 ? `  ${title}` : "",
      share === 0.5 ? "p50" : "p99",
      raw.length === 0 ? "" : rounded(base, 1),
      rounded(ours, 1),
      goal === undefined
        ? raw.length === 0
          ? ""
          : rounded(above, 1)
        : against(above, { most: goal }),
    ];
  });
}

function middleCpu(ends: readonly End[], name: string): string {
  return rounded(median(ends.map(({ cpuMs }) => cpuMs[name] ?? 0)));
}

/** From each begin to the time that is known for its id. */
function after(
  times: ReadonlyMap<string, number>,
  begun: readonly (readonly [id: string, at: number, ms: number])[],
): number[] {
  return begun.flatMap(([id, at]) => {
    const then = times.get(id);
    return then === undefined ? [] : [then - at];
  });
}

import type { CellId } from "@pombo/domain";
import { setTimeout as pause } from "node:timers/promises";
import type { Options } from "./options.ts";
import { openPombo, type Pombo } from "./pombo.ts";
import { openRaw, type Raw } from "./raw.ts";
import { against, rounded, table } from "./report.ts";
import type { RoundEnd } from "./round.ts";
import type { Stage } from "./stage.ts";
import { median } from "./statistics.ts";

interface Contest {
  readonly title: string;
  readonly raw: readonly RoundEnd[];
  readonly pombo: readonly RoundEnd[];
  readonly rateGoal: number;
  readonly cpuGoal?: number;
}

interface Memory {
  readonly devices: number;
  readonly raw: number;
  readonly pombo: number;
}

type Say = (line: string) => void;

/** More than a feed looks ahead, so that no message has to wait for an earlier one of its recipient. */
const CONTACTS = 25;
/** Messages before the first round: V8 compiles what is hot. */
const WARM_UP = 500;
const SETTLE_MS = 4_000;

/**
 * Bare Baileys beside Pombo's worker, on the same simulator, in turns. Pombo's messages are accepted beforehand, while its lanes
 * rest: measured is the worker alone. Warm: 25 numbers a device, written to before. Cold: numbers that nobody knows.
 */
export async function dispatch(stage: Stage, options: Options, say: Say): Promise<void> {
  const contests: Contest[] = [];
  contests.push(...(await single(stage, options, say)));
  const memory: Memory[] = [];
  if (options.devices > 1) {
    const many = await several(stage, options, say);
    contests.push(...many.contests);
    memory.push(many.memory);
  }
  process.stdout.write(rateTable(contests));
  process.stdout.write(costTable(contests));
  for (const one of memory) process.stdout.write(memoryTable(one));
}

async function single(stage: Stage, options: Options, say: Say): Promise<readonly Contest[]> {
  say("1 device: pairing");
  await using raw = await openRaw(stage, { pair: 1 });
  await using pombo = await openPombo(stage, "c1" as CellId);
  await pombo.startWorker();
  await pombo.pair(1);
  return await contest({
    stage,
    raw,
    pombo,
    say,
    devices: 1,
    rounds: options.rounds,
    warm: options.messages,
    cold: Math.ceil(options.messages / 4),
  });
}

async function several(
  stage: Stage,
  options: Options,
  say: Say,
): Promise<{ readonly contests: readonly Contest[]; readonly memory: Memory }> {
  const { devices } = options;
  say(`${devices} devices: pairing`);
  const { file, base: rawBase } = await pairRaw(stage, devices);
  await using pombo = await openPombo(stage, "c2" as CellId);
  await pombo.startWorker();
  const pomboBase = (await pombo.worker().settledUsage()).rss;
  await pombo.pair(devices);
  await pombo.stopWorker();

  say(`${devices} devices: logging in with fresh processes`);
  await using raw = await openRaw(stage, { login: file });
  await pombo.startWorker();
  await pause(SETTLE_MS);
  const memory = {
    devices,
    raw: ((await raw.program.settledUsage()).rss - rawBase) / devices,
    pombo: ((await pombo.worker().settledUsage()).rss - pomboBase) / devices,
  };
  const perDevice = Math.max(CONTACTS, Math.round((options.messages * 5) / devices));
  const contests = await contest({
    stage,
    raw,
    pombo,
    say,
    devices,
    rounds: options.rounds,
    warm: perDevice,
    cold: Math.ceil(perDevice / 4),
  });
  return { contests, memory };
}

async function pairRaw(
  stage: Stage,
  devices: number,
): Promise<{ readonly file: string; readonly base: number }> {
  await using raw = await openRaw(stage, { empty: true });
  const base = (await raw.program.settledUsage()).rss;
  await raw.pair(devices);
  return { file: await raw.save(), base };
}

interface Match {
  readonly stage: Stage;
  readonly raw: Raw;
  readonly pombo: Pombo;
  readonly say: Say;
  readonly devices: number;
  readonly rounds: number;
  /** messages a device and round */
  readonly warm: number;
  readonly cold: number;
}

/** Rounds in turn; who begins changes, so that neither always has the warmer machine. */
async function contest(match: Match): Promise<readonly Contest[]> {
  const { stage, raw, pombo, devices } = match;
  const known = { first: stage.takeNumbers(devices * CONTACTS), perDevice: CONTACTS };
  const numbersOf = (perDevice: number) => ({
    first: stage.takeNumbers(devices * perDevice),
    perDevice,
  });
  const turns = async (title: string, round: () => Parameters<Raw["round"]>[0], rounds: number) => {
    const ends = { raw: [] as RoundEnd[], pombo: [] as RoundEnd[] };
    for (let index = 0; index < rounds; index += 1) {
      match.say(`${title}: round ${index + 1} of ${rounds}`);
      const both = [["raw", raw] as const, ["pombo", pombo] as const];
      for (const [name, contender] of index % 2 === 0 ? both : both.toReversed())
        // oxlint-disable-next-line no-await-in-loop -- never both at once
        ends[name].push(await contender.round(round()));
    }
    return ends;
  };
  const label = `${devices} device${devices === 1 ? "" : "s"}`;
  await turns(
    `${label}, warming up`,
    () => ({ devices, perDevice: Math.max(CONTACTS, WARM_UP / devices), numbers: known }),
    1,
  );
  const warm = await turns(
    `${label}, warm`,
    () => ({ devices, perDevice: match.warm, numbers: known }),
    match.rounds,
  );
  const cold = await turns(
    `${label}, cold`,
    () => ({ devices, perDevice: match.cold, numbers: numbersOf(match.cold) }),
    match.rounds,
  );
  return [
    { title: `${label}, warm`, ...warm, rateGoal: 0.9, cpuGoal: 1.25 },
    { title: `${label}, cold`, ...cold, rateGoal: 0.7 },
  ];
}

function rateTable(contests: readonly Contest[]): string {
  const rows = contests.map(({ title, raw, pombo, rateGoal }) => [
    title,
    rounded(
      middle(raw, (end) => end.perSecond),
      0,
    ),
    rounded(
      middle(pombo, (end) => end.perSecond),
      0,
    ),
    against(
      ratio({ raw, pombo }, (end) => end.perSecond),
      { least: rateGoal },
    ),
    String(raw[0]?.messages ?? 0),
    String(raw.length),
  ]);
  return table("dispatch: messages per second, the worker alone", [
    ["", "raw", "Pombo", "Pombo/raw", "messages a round", "rounds"],
    ...rows,
  ]);
}

function costTable(contests: readonly Contest[]): string {
  const rows = contests.map(({ title, raw, pombo, cpuGoal }) => {
    const share = ratio({ raw, pombo }, client);
    return [
      title,
      rounded(middle(raw, client)),
      rounded(middle(pombo, client)),
      cpuGoal === undefined ? rounded(share) : against(share, { most: cpuGoal }),
      rounded(middle(raw, simulator)),
      rounded(middle(pombo, simulator)),
      rounded(
        middle(pombo, (end) => end.redisUs / end.messages),
        0,
      ),
    ];
  });
  return table("dispatch: CPU per message, receipts included", [
    [
      "",
      "raw ms",
      "Pombo ms",
      "Pombo/raw",
      "simulator ms (raw)",
      "simulator ms (Pombo)",
      "Redis µs (Pombo)",
    ],
    ...rows,
  ]);
}

function memoryTable({ devices, raw, pombo }: Memory): string {
  return table(
    `memory: RSS per connected, idle device, of ${devices}, after a garbage collection`,
    [
      ["", "raw KB", "Pombo KB", "Pombo/raw"],
      ["a device", kb(raw), kb(pombo), against(pombo / raw, { most: 1.2 })],
    ],
  );
}

function middle(ends: readonly RoundEnd[], value: (end: RoundEnd) => number): number {
  return median(ends.map(value));
}

/** The middle of the ratios of neighbouring rounds. */
function ratio(
  { raw, pombo }: Pick<Contest, "raw" | "pombo">,
  value: (end: RoundEnd) => number,
): number {
  return median(pombo.map((end, index) => value(end) / value(raw[index] ?? end)));
}

function client(end: RoundEnd): number {
  return (end.cpuMs["client"] ?? 0) / end.messages;
}

function simulator(end: RoundEnd): number {
  return (end.cpuMs["simulator"] ?? 0) / end.messages;
}

function kb(bytes: number): string {
  return rounded(bytes / 1024, 0);
}

import { randomBytes } from "node:crypto";
import { type CellId, mintDeviceId } from "@pombo/domain";
import { openApi } from "./api.ts";
import type { Flood, FloodEnd } from "./load-client.ts";
import { type Cost, metered } from "./meter.ts";
import type { Options } from "./options.ts";
import { openPombo } from "./pombo.ts";
import { type Program, startProgram } from "./program.ts";
import { profiled, profileTables } from "./profile.ts";
import { against, rounded, table } from "./report.ts";
import type { Stage } from "./stage.ts";
import { median } from "./statistics.ts";

interface Accepts extends Cost {
  readonly perSecond: number;
  readonly accepted: number;
  readonly p50: number;
  readonly p99: number;
}

const DEVICES = 100;
const NUMBERS = 1_000;
const CONNECTIONS = 50;
const ROUND_MS = 2_500;

/** One API process beside one bare Express handler with one BullMQ add, in turns, on the same Redis. */
export async function accept(
  stage: Stage,
  options: Options,
  say: (line: string) => void,
): Promise<void> {
  await using contest = await openContest(stage);
  const ends = { bare: [] as Accepts[], pombo: [] as Accepts[], keyed: [] as Accepts[] };
  for (let index = -1; index < options.rounds; index += 1) {
    say(index < 0 ? "accept: warming up" : `accept: round ${index + 1} of ${options.rounds}`);
    for (const name of ["bare", "pombo", "keyed"] as const) {
      // oxlint-disable-next-line no-await-in-loop -- never two at once
      const end = await contest.round(name);
      if (index >= 0) ends[name].push(end);
    }
  }
  process.stdout.write(acceptTable(ends));
}

/** Accepts under V8's profiler, the bare handler and then the API. */
export async function profileAccept(
  stage: Stage,
  _options: Options,
  say: (line: string) => void,
): Promise<void> {
  await using contest = await openContest(stage);
  await contest.round("bare");
  await contest.round("pombo");
  say("profile: the bare handler, then the API");
  const [bare, pombo] = [contest.programs.bare, contest.programs.pombo];
  const ofBare = await profiled(stage, bare, () => contest.round("bare"), acceptedOf);
  const ofPombo = await profiled(stage, pombo, () => contest.round("pombo"), acceptedOf);
  process.stdout.write(profileTables("an accept", ofBare, ofPombo));
}

function acceptedOf({ accepted }: Accepts): number {
  return accepted;
}

type Name = "bare" | "pombo" | "keyed";

interface Contest extends AsyncDisposable {
  readonly programs: Readonly<Record<Name, Program>>;
  round(name: Name): Promise<Accepts>;
}

async function openContest(stage: Stage): Promise<Contest> {
  await using opened = new AsyncDisposableStack();
  const logFolder = stage.folder;
  const pombo = opened.use(await openPombo(stage, "c3" as CellId));
  const devices = Array.from({ length: DEVICES }, () => mintDeviceId(randomBytes(8)));
  for (const id of devices)
    // oxlint-disable-next-line no-await-in-loop -- nobody owns them: what is accepted stays in the backlog
    await pombo.ledger.createDevice({ id, name: "bench", keyId: "key_bench", at: Date.now() });
  const api = opened.use(await openApi(stage, pombo));
  const args = [stage.redisUrl];
  const bare = opened.use(
    await startProgram({ name: "bare", file: "bench/bare-server.ts", args, logFolder }),
  );
  const load = opened.use(
    await startProgram({ name: "load", file: "bench/load-client.ts", logFolder }),
  );
  const numbers = { first: stage.takeNumbers(DEVICES * NUMBERS), perDevice: NUMBERS };
  const common = { devices, numbers, key: api.key, connections: CONNECTIONS, ms: ROUND_MS };
  const floods: Readonly<Record<Name, Flood>> = {
    bare: { ...common, url: String(bare.ready["url"]) },
    pombo: { ...common, url: api.url },
    keyed: { ...common, url: api.url, idempotent: true },
  };
  const programs = { bare, pombo: api.program, keyed: api.program };
  const rest = opened.move();
  return {
    programs,
    round: (name) => round({ stage, load, program: programs[name], flood: floods[name] }),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

async function round(at: {
  readonly stage: Stage;
  readonly load: Program;
  readonly program: Program;
  readonly flood: Flood;
}): Promise<Accepts> {
  const { stage, load, program, flood } = at;
  const cost = await metered({ redis: stage.redis, programs: { server: program, load } }, () =>
    load.ask<FloodEnd>("flood", flood),
  );
  const { accepted, refused, ms, p50, p99 } = cost.result;
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  return { ...cost, accepted, p50, p99, perSecond: (accepted / ms) * 1_000 };
}

function acceptTable(
  ends: Readonly<Record<"bare" | "pombo" | "keyed", readonly Accepts[]>>,
): string {
  const row = (title: string, name: keyof typeof ends): string[] => [
    title,
    rounded(median(ends[name].map((end) => end.perSecond)), 0),
    name === "bare" ? "1" : ratioOf(ends[name], ends.bare, name === "pombo"),
    rounded(
      median(ends[name].map((end) => ((end.cpuMs["server"] ?? 0) * 1_000) / end.accepted)),
      0,
    ),
    rounded(median(ends[name].map((end) => end.redisUs / end.accepted)), 0),
    rounded(median(ends[name].map((end) => end.p50))),
    rounded(median(ends[name].map((end) => end.p99))),
  ];
  return table(`accept: one process, ${CONNECTIONS} keep-alive connections`, [
    ["", "accepts/s", "beside bare", "process CPU µs", "Redis CPU µs", "p50 ms", "p99 ms"],
    row("Express + one BullMQ add", "bare"),
    row("Pombo", "pombo"),
    row("Pombo, with Idempotency-Key", "keyed"),
  ]);
}

function ratioOf(ours: readonly Accepts[], bare: readonly Accepts[], counts: boolean): string {
  const ratio = median(
    ours.map((end, index) => end.perSecond / (bare[index]?.perSecond ?? Number.NaN)),
  );
  return counts ? against(ratio, { least: 0.9 }) : rounded(ratio);
}

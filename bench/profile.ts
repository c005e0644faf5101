import { mkdir, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { CellId } from "@pombo/domain";
import type { Options } from "./options.ts";
import { openPombo } from "./pombo.ts";
import { ROOT } from "./program.ts";
import { rounded, table } from "./report.ts";
import type { Stage } from "./stage.ts";

/** What V8 writes with --cpu-prof. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Cost {
  readonly where: string;
  readonly ms: number;
}

const TOP = 40;
const WARM_NUMBERS = 10;

/** Warm sends on ten devices under V8's profiler: which functions the worker spends its time in. */
export async function profile(
  stage: Stage,
  options: Options,
  say: (line: string) => void,
): Promise<void> {
  const devices = Math.min(10, options.devices);
  const messages = options.messages * 5;
  const folder = join(stage.folder, "profile");
  await mkdir(folder);
  await using pombo = await openPombo(stage, "c9" as CellId);
  await pombo.startWorker();
  say(`profile: pairing ${devices} devices`);
  await pombo.pair(devices);
  const numbers = { first: stage.takeNumbers(devices * WARM_NUMBERS), perDevice: WARM_NUMBERS };
  await pombo.round({ devices, perDevice: 2 * WARM_NUMBERS, numbers });
  await pombo.stopWorker();
  say(`profile: ${messages} warm messages`);
  await pombo.startWorker(["--cpu-prof", "--cpu-prof-interval", "500", "--cpu-prof-dir", folder]);
  await pombo.round({ devices, perDevice: Math.ceil(messages / devices), numbers });
  await pombo.stopWorker();
  for (const file of await readdir(folder)) {
    // oxlint-disable-next-line no-await-in-loop -- one file a process
    const read = JSON.parse(await readFile(join(folder, file), "utf8")) as CpuProfile;
    process.stdout.write(profileTables(read, messages));
  }
}

function profileTables(read: CpuProfile, messages: number): string {
  const frames = new Map(read.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = selfTimes(read);
  const byPackage = new Map<string, number>();
  const byFunction = new Map<string, number>();
  for (const [id, ms] of times) {
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === "(idle)") continue;
    const file = fileOf(frame.url);
    add(byPackage, packageOf(file, frame.functionName), ms);
    add(byFunction, `${frame.functionName || "(anonymous)"}  ${file}:${frame.lineNumber + 1}`, ms);
  }
  const total = [...byPackage.values()].reduce((sum, ms) => sum + ms, 0);
  const rows = (costs: readonly Cost[]): string[][] =>
    costs.map(({ where, ms }) => [
      where,
      rounded((ms * 1_000) / messages, 0),
      rounded((ms / total) * 100, 1),
    ]);
  return (
    table("profile: the worker's CPU by package, login included", [
      ["", "µs a message", "%"],
      ...rows(sorted(byPackage)),
    ]) +
    table("profile: the worker's CPU by function", [
      ["", "µs a message", "%"],
      ...rows(sorted(byFunction).slice(0, TOP)),
    ])
  );
}

/** ms that each node was on top. */
function selfTimes({ samples, timeDeltas }: CpuProfile): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const [index, id] of samples.entries())
    times.set(id, (times.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1_000);
  return times;
}

function add(sums: Map<string, number>, name: string, ms: number): void {
  sums.set(name, (sums.get(name) ?? 0) + ms);
}

function sorted(sums: ReadonlyMap<string, number>): Cost[] {
  return [...sums].map(([where, ms]) => ({ where, ms })).toSorted((a, b) => b.ms - a.ms);
}

function fileOf(url: string): string {
  if (!url.startsWith("file:")) return url;
  const path = relative(ROOT, fileURLToPath(url));
  const inner = path.lastIndexOf("node_modules/");
  return inner < 0 ? path : path.slice(inner + "node_modules/".length);
}

/** `@whiskeysockets/baileys`, `packages/ledger`, `node:net`, `(garbage collector)`. */
function packageOf(file: string, name: string): string {
  if (file === "") return name.startsWith("(") ? name : "(native)";
  if (file.startsWith("node:")) return file;
  const [first = "", second = ""] = file.split("/");
  return first.startsWith("@") || first === "packages" || first === "apps"
    ? `${first}/${second}`
    : first;
}

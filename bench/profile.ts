import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Program, ROOT } from "./program.ts";
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

const TOP = 40;

/** Profiles a program while the work runs. @param messagesOf how many messages the work was */
export async function profiled<Result>(
  { folder }: Pick<Stage, "folder">,
  program: Program,
  ...[work, messagesOf]: [() => Promise<Result>, (result: Result) => number]
): Promise<Sums> {
  const file = join(folder, `profile-${program.pid}.json`);
  await program.ask("profile");
  const result = await work();
  await program.ask("profiled", file);
  return sumsOf(JSON.parse(await readFile(file, "utf8")) as CpuProfile, messagesOf(result));
}

/** µs a message, by name. */
export interface Sums {
  readonly byPackage: ReadonlyMap<string, number>;
  readonly byFunction: ReadonlyMap<string, number>;
}

function sumsOf(read: CpuProfile, messages: number): Sums {
  const frames = new Map(read.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byPackage = new Map<string, number>();
  const byFunction = new Map<string, number>();
  for (const [id, us] of selfTimes(read)) {
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === "(idle)") continue;
    const file = fileOf(frame.url);
    const name = frame.functionName || "(anonymous)";
    const where = file === "" ? name : `${name}  ${file}:${frame.lineNumber + 1}`;
    add(byPackage, packageOf(file, name), us / messages);
    add(byFunction, where, us / messages);
  }
  return { byPackage, byFunction };
}

/** Both tables: what Pombo spends most on first, by package and by function. */
export function profileTables(title: string, bare: Sums, pombo: Sums): string {
  return (
    sideBySide(`${title}, by package`, bare.byPackage, pombo.byPackage) +
    sideBySide(`${title}, by function`, bare.byFunction, pombo.byFunction)
  );
}

/** What Pombo spends most on first, and the sum last. */
function sideBySide(
  title: string,
  bare: ReadonlyMap<string, number>,
  pombo: ReadonlyMap<string, number>,
): string {
  const rows = [...pombo]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([name, us]) => row(name, bare.get(name) ?? 0, us));
  return table(`profile of ${title}: CPU µs a message`, [
    ["", "bare", "Pombo", "more"],
    ...rows,
    row("all", sum(bare), sum(pombo)),
  ]);
}

function sum(sums: ReadonlyMap<string, number>): number {
  return [...sums.values()].reduce((all, one) => all + one, 0);
}

/** µs that each node was on top. */
function selfTimes({ samples, timeDeltas }: CpuProfile): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const [index, id] of samples.entries())
    times.set(id, (times.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0));
  return times;
}

function add(sums: Map<string, number>, name: string, us: number): void {
  sums.set(name, (sums.get(name) ?? 0) + us);
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

function row(name: string, ofRaw: number, ofPombo: number): string[] {
  return [name, rounded(ofRaw, 0), rounded(ofPombo, 0), rounded(ofPombo - ofRaw, 0)];
}

import { execFile } from "node:child_process";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { environment } from "./config.ts";
import { Pombo, QUICK } from "./pombo.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..");

let pombo: Pombo;
/** A folder of somebody else, with the package installed. */
let consumer: string;

beforeAll(async () => {
  consumer = await mkdtemp(join(tmpdir(), "pombo-consumer-"));
  [pombo] = await Promise.all([Pombo.start({ env: QUICK }), install(consumer)]);
}, 180_000);
afterAll(async () => {
  await pombo[Symbol.asyncDispose]();
  await rm(consumer, { recursive: true, force: true });
});

/** Builds, packs, and installs the tarball with npm where there is nothing else. */
async function install(folder: string): Promise<void> {
  const { stdout } = await run(process.execPath, ["packages/sdk/build.mjs"], { cwd: ROOT });
  const packed = await run("npm", ["pack", stdout.trim(), "--json"], { cwd: folder });
  const [{ filename = "" } = {}] = JSON.parse(packed.stdout) as { filename?: string }[];
  await writeFile(join(folder, "package.json"), '{"name":"consumer","type":"module"}');
  await writeFile(join(folder, "consumer.ts"), CONSUMER);
  await writeFile(join(folder, "wrong.ts"), WRONG);
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`], {
    cwd: folder,
  });
}

/** What a person may write; also what is run, its types taken away. */
const CONSUMER = `
import { createPombo, type ErrorCode, type Gap, PomboError, type PomboEvent, verifyWebhook } from "@pombo/sdk";

declare const process: { readonly argv: string[]; readonly version: string };
declare const console: { log(text: string): void };
const [, , url = "", key = "", from = ""] = process.argv;
const pombo = createPombo({ url, key });
const stop = new AbortController();

const told: string[] = [];
const listening = (async (): Promise<void> => {
  const events: AsyncIterable<PomboEvent | Gap> = pombo.events({ after: "0", type: "message.*", signal: stop.signal });
  for await (const event of events) {
    if (event.type === "gap") continue;
    told.push(event.type);
    if (event.type === "message.read") stop.abort();
  }
})();

const sent = await pombo.sendMessage({ from, to: "+5511900000002", text: "from the package" }, { wait: 20 });
const id: string = sent.message_id;
await listening;
const message = await pombo.getMessage({ id });
const attempts: number = message.attempts;
const code: ErrorCode | "NO_ANSWER" | (string & {}) = await pombo
  .getMessage({ id: "3EB0000000000000000000" })
  .then(() => "none", (error: unknown) => (error instanceof PomboError ? error.code : "other"));
const rows = (): Iterable<{ to: string; name: string }> => [{ to: "+5511900000003", name: "Ana" }];
const batch = await pombo.batches.create({ from, template: "Hi {{name}}", rows });
const accepted: number = batch.accepted;
const { kind } = await verifyWebhook({ headers: new Headers(), body: "{}" }, { secret: "whsec_AAAA" });
console.log(JSON.stringify({ id, node: process.version, status: message.status, attempts, accepted, code, kind, told: told.at(-1) }));
`;

/** Each of its lines but the first two is an error. */
const WRONG = `import { createPombo } from "@pombo/sdk";
const pombo = createPombo({ url: "", key: "" });
export const a = await pombo.sendMessage({ from: "dev_1", to: "5511900000002", txt: "x" });
export const b = await pombo.getMessage();
export const c: number = (await pombo.getMessage({ id: "1" })).message_id;
export const d = await pombo.wutsSendText({});
export const e = await pombo.batches.create({ from: "dev_1" });
`;

/** Runs the package in a realm that has these names and no others. */
const WEB_ONLY = `
import { readdirSync, readFileSync } from "node:fs";
import { createContext, runInContext, SourceTextModule } from "node:vm";

const [, , folder, url, key] = process.argv;
const context = createContext({
  fetch, Headers, Response, ReadableStream, URLSearchParams, AbortController, AbortSignal,
  TextDecoder, TextEncoder, crypto, atob, setTimeout, clearTimeout,
});
runInContext("globalThis.self = globalThis", context);
const modules = new Map();
for (const name of readdirSync(folder).filter((file) => file.endsWith(".js")))
  modules.set("./" + name, new SourceTextModule(readFileSync(folder + "/" + name, "utf8"), { context, identifier: name }));
const index = modules.get("./index.js");
await index.link((name) => modules.get(name));
await index.evaluate();
const { createPombo } = index.namespace;
const { devices } = await createPombo({ url, key }).listDevices();
const refused = await createPombo({ url, key: key + "x" }).listDevices().catch((error) => error.code);
console.log(JSON.stringify({ devices: devices.length, refused }));
`;

/** The Node that the machine has, beside the one that runs this. */
async function nodes(): Promise<string[]> {
  const own = join(ROOT, "node_modules");
  const folders = (environment["PATH"] ?? "").split(delimiter);
  const others = folders.filter((folder) => !folder.startsWith(own)).map((f) => join(f, "node"));
  const there = await Promise.all(
    others.map((file) =>
      access(file).then(
        () => file,
        () => "",
      ),
    ),
  );
  const other = there.find((file) => file !== "" && file !== process.execPath);
  return [process.execPath, ...(other === undefined ? [] : [other])];
}

async function tsc(...args: readonly string[]): Promise<string> {
  const program = join(ROOT, "node_modules", ".bin", "tsc");
  const options = ["--strict", "--target", "es2024", "--module", "nodenext"];
  const lib = ["--lib", "es2024,dom,dom.iterable,dom.asynciterable"];
  return run(program, [...options, ...lib, ...args], { cwd: consumer }).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

test("the packed package type-checks for a consumer who has nothing else, and refuses what is wrong", async () => {
  expect(await tsc("consumer.ts")).toBe("");
  const wrong = await tsc("--noEmit", "wrong.ts");
  expect([...wrong.matchAll(/wrong\.ts\((\d+),/g)].map(([, line]) => line)).toEqual([
    "3",
    "4",
    "5",
    "6",
    "7",
  ]);
});

test("it sends, waits, listens and reads its errors under each Node of this machine", async () => {
  await tsc("consumer.ts");
  const { api_url: url, api_key: key, device_id: device } = pombo.ready;
  const versions = new Set<string>();
  const all = await nodes();
  for (const node of all) {
    const { stdout } = await run(node, ["consumer.js", url, key, device], { cwd: consumer });
    const said = JSON.parse(stdout) as { id: string; node: string };
    versions.add(said.node);
    expect(said).toMatchObject({
      id: expect.stringMatching(/^3EB0[0-9A-F]{18}$/) as string,
      attempts: 1,
      accepted: 1,
      code: "MESSAGE_NOT_FOUND",
      kind: "refused",
      told: "message.read",
    });
    expect(await pombo.phoneMessages("5511900000002")).toContainEqual(
      expect.objectContaining({ id: said.id, copies: 1 }),
    );
  }
  expect(versions.size, [...versions].join()).toBe(all.length);
});

test("it runs where there is only what the web has", async () => {
  const folder = join(consumer, "node_modules", "@pombo", "sdk");
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".js")))
    expect(await readFile(join(folder, name), "utf8")).not.toMatch(
      /\bprocess\b|\bBuffer\b|\brequire\b|from "(?!\.\/)|import\(/,
    );
  await writeFile(join(consumer, "web-only.mjs"), WEB_ONLY);
  const { api_url: url, api_key: key } = pombo.ready;
  const args = ["--experimental-vm-modules", "--no-warnings", "web-only.mjs", folder, url, key];
  const { stdout } = await run(process.execPath, args, { cwd: consumer });
  expect(JSON.parse(stdout)).toEqual({ devices: 1, refused: "INVALID_API_KEY" });
});

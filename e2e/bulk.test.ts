import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCuttingProxy } from "./cutting-proxy.ts";
import { eventually } from "./eventually.ts";
import { Pombo, QUICK } from "./pombo.ts";
import { type Ended, type RunningCli, startCli } from "./run-cli.ts";

const FIRST_NUMBER = 5_511_920_000_000;

let pombo: Pombo;
let folder: string;
let numbers = FIRST_NUMBER;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pombo-bulk-"));
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(async () => {
  await pombo[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A table of so many rows, each to a number of its own. */
async function table(name: string, count: number, more: readonly string[] = []): Promise<string> {
  const rows = Array.from({ length: count }, (_, at) => `${(numbers += 1)},name ${at + 1}`);
  const path = join(folder, name);
  await writeFile(path, ["to,name", ...rows, ...more, ""].join("\n"));
  return path;
}

function start(name: string, ...more: readonly string[]): RunningCli {
  const what = ["bulk", name, "--from", pombo.ready.device_id, "--template", "Hi {{name}}"];
  return startCli([...what, "--data", pombo.data, ...more], { cwd: folder });
}

function bulk(name: string, ...more: readonly string[]): Promise<Ended> {
  return start(name, "--yes", ...more).ended;
}

interface BatchAnswer {
  readonly batch_id: string;
  readonly status: string;
  readonly counts: Readonly<Record<string, number>>;
}

async function batches(): Promise<readonly BatchAnswer[]> {
  return (await pombo.api<{ batches: BatchAnswer[] }>("GET", "/v1/batches?limit=200")).body.batches;
}

describe("an upload that breaks off", () => {
  const ROWS = 20_000;

  test("goes on by itself where it stopped, however often it is cut", async () => {
    await using proxy = await openCuttingProxy(pombo.ready.api_url);
    const path = await table("cut.csv", ROWS);
    proxy.cutAfter(50_000, 200_000, 120_000);
    const url = ["--url", proxy.url, "--key", pombo.ready.api_key, "--detach"];
    const { code, out, err } = await bulk(path, ...url);
    expect(err).toContain(`${ROWS.toLocaleString("en-US")} accepted`);
    expect({ code, cuts: proxy.cuts() }).toEqual({ code: 0, cuts: 3 });
    const found = await batches();
    expect(found.map(({ batch_id: id }) => id)).toContain(out.trim());
    expect(found.find(({ batch_id: id }) => id === out.trim())?.counts["accepted"]).toBe(ROWS);
    await pombo.api("POST", `/v1/batches/${out.trim()}/cancel`);
  });

  test("goes on with the same command when that was killed in the middle", async () => {
    const path = await table("killed.csv", ROWS);
    const before = (await batches()).length;
    await using proxy = await openCuttingProxy(pombo.ready.api_url);
    const stalled = proxy.stallAfter(300_000);
    const url = ["--url", proxy.url, "--key", pombo.ready.api_key, "--detach"];
    const killed = start(path, "--yes", ...url);
    await stalled;
    await eventually(batches, (all) => all.length > before);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const { err, code, out } = await bulk(path, "--detach");
    expect(code).toBe(0);
    expect(err).toMatch(/Going on with the upload that was begun at[^]*: 20,000 accepted/);
    const all = await batches();
    expect(all.length).toBe(before + 1);
    expect(all[0]?.batch_id).toBe(out.trim());
    await pombo.api("POST", `/v1/batches/${out.trim()}/cancel`);
  });

  test("takes rows that were mended behind the break, and no others", async () => {
    await using proxy = await openCuttingProxy(pombo.ready.api_url);
    const path = await table("mended.csv", ROWS);
    const stalled = proxy.stallAfter(300_000);
    const killed = start(path, "--yes", "--url", proxy.url, "--key", pombo.ready.api_key);
    await stalled;
    killed.child.kill("SIGKILL");
    await killed.ended;
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(",name 1\n", ",another\n"));
    const refused = await bulk(path, "--detach");
    expect(refused).toMatchObject({ code: 3, out: "" });
    expect(refused.err).toMatch(/IDEMPOTENCY_KEY_REUSED[^]*--again/);
    await writeFile(path, text.replace(",name 20000\n", ",mended\n"));
    const mended = await bulk(path, "--detach");
    expect(mended).toMatchObject({ code: 0 });
    await pombo.api("POST", `/v1/batches/${mended.out.trim()}/cancel`);
  });
});

describe("what makes no sense", () => {
  test.each<[string, string, readonly string[], number, RegExp]>([
    ["empty.csv", "", [], 2, /empty\.csv is empty/],
    ["rows.txt", "to\n1\n", [], 2, /is a \.csv, \.ndjson or \.jsonl file/],
    ["from.csv", "to,name\n1,2\n", ["--from", "dev_nobody"], 3, /DEVICE_NOT_FOUND/],
    ["wrong.csv", "to,name\n1,2\n", ["--dedupe", "often"], 3, /dedupe must be one of/],
    ["place.csv", "to,name\n1,2\n", ["--template", "{{nmae}}"], 3, /nmae/],
  ])("%s is refused", async (name, text, more, code, says) => {
    await writeFile(join(folder, name), text);
    const ended = await bulk(name, ...more);
    expect(ended.err).toMatch(says);
    expect(ended).toMatchObject({ code, out: "" });
  });

  test("neither a file nor a batch, or both", async () => {
    const words = ["bulk", "--data", pombo.data];
    expect(await startCli(words, { cwd: folder }).ended).toMatchObject({ code: 2 });
    const both = [...words, "x.csv", "--resume", "bat_0A1B2C3D4E5"];
    expect(await startCli(both, { cwd: folder }).ended).toMatchObject({ code: 2 });
    const unknown = await startCli([...words, "--resume", "bat_0A1B2C3D4E5"], { cwd: folder })
      .ended;
    expect(unknown).toMatchObject({
      code: 3,
      err: expect.stringMatching(/BATCH_NOT_FOUND/) as string,
    });
  });

  test("nobody is asked without a terminal: --yes has to be said", async () => {
    const path = await table("asked.csv", 2);
    const ended = await start(path).ended;
    expect(ended.code).toBe(6);
    await expect(readFile(`${path}.pombo.json`)).rejects.toThrow(/ENOENT/);
  });
});

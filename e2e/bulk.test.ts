import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCuttingProxy } from "./cutting-proxy.ts";
import { eventually } from "./eventually.ts";
import { Pombo, QUICK } from "./pombo.ts";
import {
  hasPseudoTerminals,
  NEEDS_SCRIPT,
  openPseudoTerminal,
  type PseudoTerminal,
} from "./pseudo-terminal.ts";
import { type Ended, type RunningCli, startCli } from "./run-cli.ts";

const FIRST_NUMBER = 5_511_920_000_000;

let pombo: Pombo;
let folder: string;
let numbers = FIRST_NUMBER;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pombo-bulk-"));
  pombo = await Pombo.start({ env: { ...QUICK, POMBO_PACE_GAP_MS: "100" } });
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
    expect(err).toMatch(/The connection broke: sending it again \(try 2\)/);
    expect({ code, cuts: proxy.cuts() }).toEqual({ code: 0, cuts: 3 });
    const found = await batches();
    expect(found.map(({ batch_id: id }) => id)).toContain(out.trim());
    expect(found.find(({ batch_id: id }) => id === out.trim())?.counts["accepted"]).toBe(ROWS);
    await pombo.api("POST", `/v1/batches/${out.trim()}/cancel`);
  });

  test("goes on with the same command when that was killed in the middle, and interrupted", async () => {
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
    const stalledAgain = proxy.stallAfter(200_000);
    const interrupted = start(path, "--yes", ...url);
    await stalledAgain;
    interrupted.child.kill("SIGINT");
    const ended = await interrupted.ended;
    expect(ended.code).toBe(130);
    expect(ended.err).toMatch(/Interrupted\. The same command goes on/);
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

describe("without a terminal", () => {
  test("there are plain lines, the results, and why rows were not accepted", async () => {
    const path = await table("plain.csv", 8, ["12,nobody"]);
    const { code, out, err } = await bulk(path);
    expect(out).toMatch(/^bat_[0-9A-F]{11} {2}completed\n[^]* {2}invalid +1\n$/);
    expect(err).toMatch(/8 accepted, 1 invalid[^]*running {2}\d\/8[^]*completed {2}8\/8/);
    for (const part of ["\u001B", "█"]) expect(err + out).not.toContain(part);
    expect(code).toBe(1);
    const [head, ...results] = (await readFile(`${path}.results.csv`, "utf8")).trim().split("\n");
    expect(head).toMatch(/^row,message_id,to,client_ref,status/);
    expect(results).toHaveLength(8);
    const errors = (await readFile(`${path}.errors.csv`, "utf8")).trim().split("\n");
    expect(errors).toHaveLength(2);
    expect(errors[1]).toMatch(/^10,9,invalid,to,12,VALIDATION_ERROR,/);
  });

  test("NDJSON says its settings itself, and may be packed", async () => {
    const settings = { batch: { from: pombo.ready.device_id, template: "Packed {{name}}" } };
    const row = { to: String((numbers += 1)), name: "Ana" };
    const lines = [settings, row].map((line) => `${JSON.stringify(line)}\n`).join("");
    await writeFile(join(folder, "packed.ndjson.gz"), gzipSync(lines));
    const words = ["bulk", "packed.ndjson.gz", "--yes", "--data", pombo.data];
    expect(await startCli(words, { cwd: folder }).ended).toMatchObject({ code: 0 });
    expect(await pombo.phoneMessages(row.to)).toMatchObject([{ text: "Packed Ana" }]);
  });

  test("a file is not sent twice by accident", async () => {
    const path = await table("twice.csv", 3);
    const first = await bulk(path, "--json");
    expect(first.code).toBe(0);
    const batch = JSON.parse(first.out) as BatchAnswer;
    expect(batch).toMatchObject({ status: "completed", counts: { accepted: 3 } });
    const second = await bulk(path);
    expect(second).toMatchObject({ code: 2, out: "" });
    expect(second.err).toContain(`was sent already, as ${batch.batch_id} (completed): --again`);
    expect(await pombo.phoneMessages(String(numbers))).toHaveLength(1);
    expect(await bulk(path, "--again")).toMatchObject({ code: 0 });
    expect(await pombo.phoneMessages(String(numbers))).toHaveLength(2);
  });

  test("a signal leaves the batch running, and the same command watches it again", async () => {
    const path = await table("left.csv", 60);
    const running = start(path, "--yes");
    const told = untilErr(running, /running {2}\d+\/60/);
    await told;
    running.child.kill("SIGTERM");
    const left = await running.ended;
    expect(left).toMatchObject({ code: 5, out: "" });
    expect(left.err).toMatch(/Left: the batch goes on\. pombo bulk --resume bat_/);
    const again = await bulk(path);
    expect(again).toMatchObject({ code: 0 });
    expect(again.err).toMatch(/was sent already, as bat_[0-9A-F]+: watching it/);
    expect(await pombo.phoneMessages(String(numbers))).toHaveLength(1);
  });
});

function untilErr({ child, ended }: RunningCli, pattern: RegExp): Promise<unknown> {
  let said = "";
  const told = new Promise<void>((resolve) => {
    child.stderr?.on("data", (chunk: string) => {
      said += chunk;
      if (pattern.test(said)) resolve();
    });
  });
  return Promise.race([told, ended]);
}

describe.skipIf(!hasPseudoTerminals)(`in a terminal ${NEEDS_SCRIPT}`, () => {
  const SIZE = { columns: 100, rows: 30 };
  const ASKS = /Pause the batch \(p\), leave it running \(l\), cancel .* or go on watching/;

  function inTerminal(path: string): Promise<PseudoTerminal> {
    const what = ["bulk", path, "--from", pombo.ready.device_id, "--template", "Hi {{name}}"];
    return openPseudoTerminal([...what, "--data", pombo.data], SIZE);
  }

  function bars(terminal: PseudoTerminal): readonly string[] {
    return terminal.screen().filter((line) => /\d+ % \d+\/\d+/.test(line));
  }

  /** A second lies between two looks at the batch. */
  async function twoLooks(terminal: PseudoTerminal): Promise<void> {
    for (let looks = 0, last = ""; looks < 2; looks += 1)
      [last = ""] = await eventually(
        () => Promise.resolve(bars(terminal)),
        ([bar]) => bar !== undefined && bar !== last,
      );
  }

  test("it asks, shows how far it is in one line of any width, pauses, and goes on", async () => {
    const path = await table("shown.csv", 120);
    await using terminal = await inTerminal(path);
    await terminal.until(/Hi name 1[^]*Send 120 messages from dev_[0-9a-f]+\? \[y\/N\]/);
    terminal.type("y\r");
    await terminal.until(/\[█+░+\] +\d+ % \d+\/120 {2}\d.*\/s {2}\d+ s left/);
    await terminal.resize(34, 30);
    await terminal.until(/^ *\d+ % \d+\/120(  |$)/m);
    expect(bars(terminal)).toHaveLength(1);
    expect(bars(terminal)[0]?.length).toBeLessThan(34);
    await terminal.resize(110, 30);
    await terminal.until(/\[█+░+\] +\d+ % \d+\/120/);
    expect(bars(terminal)).toHaveLength(1);

    terminal.type("\u0003");
    await terminal.until(ASKS);
    terminal.type("\r");
    await twoLooks(terminal);
    terminal.type("\u0003");
    await terminal.until(new RegExp(`${ASKS.source}[^]*${ASKS.source}`));
    terminal.type("p\r");
    const said = await terminal.until(/Paused\. pombo bulk --resume bat_[0-9A-F]{11} goes on/);
    expect(await terminal.ended).toBe(5);
    const id = /bat_[0-9A-F]{11}/.exec(said)?.[0] ?? "";
    const { body } = await pombo.api<BatchAnswer>("GET", `/v1/batches/${id}`);
    expect(body.status).toBe("paused");

    const results = ["--results", join(folder, "resumed.csv")];
    const resumed = startCli(["bulk", "--resume", id, "--data", pombo.data, ...results], {
      cwd: folder,
    });
    expect(await resumed.ended).toMatchObject({
      code: 0,
      err: expect.stringMatching(/It was paused, and goes on[^]*completed {2}120\/120/) as string,
    });
    const rows = (await readFile(join(folder, "resumed.csv"), "utf8")).trim().split("\n");
    expect(rows).toHaveLength(121);
    expect(await pombo.phoneMessages(String(numbers))).toHaveLength(1);
  });

  test("nothing is sent when the answer is no", async () => {
    const before = (await batches()).length;
    await using terminal = await inTerminal(await table("refused.csv", 5));
    await terminal.until(/\[y\/N\]/);
    terminal.type("\r");
    await terminal.until(/Nothing was done/);
    expect(await terminal.ended).toBe(6);
    expect(await batches()).toHaveLength(before);
  });

  test("a second Ctrl-C leaves it; watched again it can be canceled", async () => {
    const path = await table("canceled.csv", 200);
    await using terminal = await inTerminal(path);
    await terminal.until(/\[y\/N\]/);
    terminal.type("y\r");
    await terminal.until(/\d+ % \d+\/200/);
    terminal.type("\u0003");
    await terminal.until(ASKS);
    await eventually(pressAgain(terminal), (text) => /Left: the batch goes on/.test(text));
    expect(await terminal.ended).toBe(5);

    await using again = await inTerminal(path);
    await again.until(/watching it[^]*\d+ % \d+\/200/);
    again.type("\u0003");
    await again.until(ASKS);
    again.type("c\r");
    await again.until(/canceled +\d+[^]*What became of each row/);
    expect(await again.ended).toBe(1);
  });
});

/** What comes within half a second of the first is the same press. */
function pressAgain(terminal: PseudoTerminal): () => Promise<string> {
  return async () => {
    terminal.type("\u0003");
    return await Promise.resolve(terminal.screen().join("\n"));
  };
}

describe("a preview", () => {
  test("shows the texts, what is wrong and when it would be done, and sends nothing", async () => {
    const before = (await batches()).length;
    const path = await table("preview.csv", 3, ["12,nobody"]);
    const { code, out } = await start(path, "--preview").ended;
    expect(out).toMatch(
      /^preview\.csv: 4 rows\n {2}3 to send.*, 1 invalid\n {2}line 5: to must be/,
    );
    expect(out).toMatch(/\+55 11 92\d{3} \d{4} .* Hi name 1\n/);
    expect(out).toMatch(/It would be done in /);
    expect(code).toBe(0);
    const json = await start(path, "--preview", "--json").ended;
    expect(JSON.parse(json.out)).toMatchObject({ rows: 4, accepted: 3, invalid: 1 });
    expect(await batches()).toHaveLength(before);
    await expect(readFile(`${path}.pombo.json`)).rejects.toThrow(/ENOENT/);
  });

  test("of nothing but bad rows there is nothing to agree to", async () => {
    const path = await table("bad.csv", 0, ["12,nobody"]);
    const ended = await start(path).ended;
    expect(ended.err).toMatch(/Nothing would be sent/);
    expect(ended.code).toBe(1);
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

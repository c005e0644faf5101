import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { type ChildSpec, startChild } from "./child.ts";
import { isAlive, temporaryFolder } from "./temporary-folder.test-setup.ts";

const FILE = join(import.meta.dirname, "program.test-process.ts");

async function setup(): Promise<{ spec(...args: string[]): ChildSpec } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const logFile = join(folder.path, "child.log");
  const common = { name: "worker 1", file: FILE, environment: {}, logFile };
  return {
    spec: (...args) => ({ ...common, args }),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

const forever = new AbortController().signal;

test("a child is started when it says so, writes to its log and ends when asked", async () => {
  await using here = await setup();
  const spec = here.spec("good", "--port", "1");
  const child = await startChild(spec, forever);
  expect(child.ready).toMatchObject({ kind: "ready", pid: child.pid, words: ["--port", "1"] });
  expect(await readFile(spec.logFile, "utf8")).toBe("mood good\n");
  await child[Symbol.asyncDispose]();
  await child[Symbol.asyncDispose]();
  expect(isAlive(child.pid)).toBe(false);
  expect(await child.closed).toEqual({ how: "exit code 0", lastWords: "mood good" });
});

test("a child that fails at its start is shown with the last lines of this start's log", async () => {
  await using here = await setup();
  const spec = here.spec("broken");
  await writeFile(spec.logFile, "of an earlier run\n");
  const failure = await startChild(spec, forever).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    name: "CannotStart",
    message: expect.stringMatching(
      /the reason of it all[^]*worker 1 did not start: it ended with exit code 1\.$/,
    ),
  });
  expect(String(failure)).not.toContain("earlier run");
});

test("a file that does not exist is a start that failed", async () => {
  await using here = await setup();
  const spec = { ...here.spec(), file: "/nowhere/main.ts" };
  await expect(startChild(spec, forever)).rejects.toThrow(/MODULE_NOT_FOUND[^]*did not start/);
});

test("giving up stops a child that has not said anything yet", async () => {
  await using here = await setup();
  const stop = new AbortController();
  const started = startChild(here.spec("silent"), stop.signal);
  stop.abort(new Error("given up"));
  await expect(started).rejects.toThrow("given up");
});

test("a killed child says how it ended", async () => {
  await using here = await setup();
  const child = await startChild(here.spec("good"), forever);
  process.kill(child.pid, "SIGKILL");
  expect(await child.closed).toMatchObject({ how: "SIGKILL" });
  await child[Symbol.asyncDispose]();
});

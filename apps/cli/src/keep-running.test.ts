import { expect, test } from "vitest";

import { type Ended, type Keeping, keepRunning, type Running } from "./keep-running.ts";
import { openProgress } from "./progress.ts";

interface Fake extends Running {
  readonly pid: number;
  die(how: string): void;
}

interface Stand {
  readonly started: Fake[];
  readonly stopped: number[];
  readonly said: string[];
  readonly keeping: Keeping<Fake>;
  /** resolves at the next change */
  change(): Promise<void>;
  failNext(count: number): void;
}

function setup(restartAfterMs: number | undefined): Stand {
  const [started, stopped, said]: [Fake[], number[], string[]] = [[], [], []];
  let failures = 0;
  let changed = Promise.withResolvers<void>();
  const start = async (): Promise<Fake> => {
    if (failures > 0) {
      failures -= 1;
      throw new Error("not this time");
    }
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const pid = started.length + 1;
    const die = (how: string): void => resolve({ how, lastWords: `last words of ${pid}` });
    const dispose = async (): Promise<void> => {
      stopped.push(pid);
      die("SIGTERM");
    };
    const fake = { pid, closed: promise, die, [Symbol.asyncDispose]: dispose };
    started.push(fake);
    return fake;
  };
  const onChange = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const progress = openProgress((line) => said.push(line));
  const keeping = { name: "worker 1", start, onChange, progress, restartAfterMs };
  const change = (): Promise<void> => changed.promise;
  return { started, stopped, said, keeping, change, failNext: (count) => (failures = count) };
}

const forever = new AbortController().signal;

test("who dies is told of with its last words and comes back", async () => {
  const stand = setup(1);
  await using kept = await keepRunning(stand.keeping, forever);
  const dead = stand.change();
  stand.started[0]?.die("SIGKILL");
  await dead;
  expect(kept.current()).toBeUndefined();
  await stand.change();
  expect(kept.current()?.pid).toBe(2);
  expect(stand.said.slice(0, 2)).toEqual([
    "last words of 1",
    "✗ worker 1 ended with SIGKILL; back in 0.001 s",
  ]);
});

test("a return that fails is tried again", async () => {
  const stand = setup(1);
  await using kept = await keepRunning(stand.keeping, forever);
  stand.failNext(2);
  const dead = stand.change();
  stand.started[0]?.die("exit code 1");
  await dead;
  await stand.change();
  expect(kept.current()?.pid).toBe(2);
  expect(stand.said.filter((line) => line === "not this time")).toHaveLength(2);
});

test("the first start throws what it throws", async () => {
  const stand = setup(1);
  stand.failNext(1);
  await expect(keepRunning(stand.keeping, forever)).rejects.toThrow("not this time");
});

test("the end is an end: nothing comes back, running, waiting or not", async () => {
  const stand = setup(60_000);
  const running = await keepRunning(stand.keeping, forever);
  await running[Symbol.asyncDispose]();
  const waiting = await keepRunning(stand.keeping, forever);
  const dead = stand.change();
  stand.started[1]?.die("SIGKILL");
  await dead;
  await waiting[Symbol.asyncDispose]();
  expect(stand.started).toHaveLength(2);
  expect(stand.stopped).toContain(1);
});

test("without a restart the dead stay dead", async () => {
  const stand = setup(undefined);
  await using kept = await keepRunning(stand.keeping, forever);
  const dead = stand.change();
  stand.started[0]?.die("SIGKILL");
  await dead;
  expect(kept.current()).toBeUndefined();
  expect(stand.said.at(-1)).toBe("✗ worker 1 ended with SIGKILL");
});

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { findRedisServer } from "@pombo/redis-server";
import { expect, onTestFinished, test } from "vitest";

import type { UpConfig } from "./config.ts";
import type { UpOptions } from "./options.ts";
import { openProgress } from "./progress.ts";
import type { Ready } from "./ready-file.ts";
import { isAlive, temporaryFolder } from "./temporary-folder.test-setup.ts";
import { up } from "./up.ts";

const PATH = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/usr/sbin:/sbin";
const TROUPE = join(import.meta.dirname, "troupe.test-process.ts");
const PROGRAMS = { api: TROUPE, worker: TROUPE, notifier: TROUPE, simulator: TROUPE };
const OPTIONS = {
  port: 0,
  workers: 2,
  apis: 2,
  whatsapp: { kind: "sandbox" },
  restart: true,
} as const;

interface Stage {
  readonly folder: string;
  readonly readyFile: string;
  /** resolves with what was said so far when a line matches */
  said(pattern: RegExp): Promise<string>;
  run(options?: Partial<UpOptions>, environment?: Record<string, string>): Promise<void>;
  stop(): void;
}

async function setup(): Promise<Stage & AsyncDisposable> {
  const temporary = await temporaryFolder();
  const stop = new AbortController();
  const runs: Promise<void>[] = [];
  let lines = "";
  let waiting: (() => void)[] = [];
  const progress = openProgress((line) => {
    lines += `${line}\n`;
    for (const look of waiting.splice(0)) look();
  });
  const said = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(lines)) await new Promise<void>((resolve) => waiting.push(resolve));
    return lines;
  };
  const folder = join(temporary.path, "data");
  const readyFile = join(temporary.path, "ready.json");
  const run: Stage["run"] = (options = {}, environment = {}) => {
    const config: UpConfig = {
      environment,
      path: PATH,
      redisUrl: undefined,
      host: "127.0.0.1",
      cell: "c0",
    };
    const deps = { config, programs: PROGRAMS, progress, signal: stop.signal, restartAfterMs: 50 };
    const running = up({ ...OPTIONS, data: folder, readyFile, ...options }, deps);
    runs.push(running);
    return running;
  };
  const close = async (): Promise<void> => {
    stop.abort();
    await Promise.allSettled(runs);
    waiting = [];
    await temporary[Symbol.asyncDispose]();
  };
  return { folder, readyFile, said, run, stop: () => stop.abort(), [Symbol.asyncDispose]: close };
}

async function readyOf(stage: Stage): Promise<Ready> {
  return JSON.parse(await readFile(stage.readyFile, "utf8")) as Ready;
}

function allPids({ pids }: Ready): number[] {
  return [...pids.api, ...pids.worker, pids.redis, pids.simulator].filter((pid) => pid !== null);
}

test("everything runs, is listed, comes back when killed, and is gone at the end", async () => {
  expect(await findRedisServer(PATH)).toBeDefined();
  await using stage = await setup();
  const running = stage.run();
  await stage.said(/Pombo is running/);
  const ready = await readyOf(stage);
  expect(ready).toMatchObject({ device_id: "dev_0123456789abcdef", phone: "5511900000001" });
  expect(ready.pids).toMatchObject({ api: { length: 2 }, worker: { length: 2 } });
  expect(allPids(ready).every(isAlive)).toBe(true);

  const [first = 0, second = 0] = ready.pids.worker;
  process.kill(first, "SIGKILL");
  await stage.said(/✓ worker 1 again/);
  process.kill(ready.pids.redis ?? 0, "SIGKILL");
  await stage.said(/✓ redis again/);
  const next = await readyOf(stage);
  expect(next.pids.worker).toHaveLength(2);
  expect(next.pids.worker).not.toContain(first);
  expect(next.pids.worker).toContain(second);
  expect(next.redis_url).toBe(ready.redis_url);
  expect(next.pids.redis).not.toBe(ready.pids.redis);
  expect(allPids(next).every(isAlive)).toBe(true);

  await expect(stage.run()).rejects.toThrow(
    `already running on this data folder (pid ${process.pid}, ${ready.api_url})`,
  );
  stage.stop();
  await running;
  expect([...allPids(ready), ...allPids(next)].filter(isAlive)).toEqual([]);
  expect(existsSync(stage.readyFile)).toBe(false);
});

test("a child that can't start ends everything, with its last words", async () => {
  await using stage = await setup();
  await expect(stage.run({}, { TROUPE_FAILS: "api" })).rejects.toThrow(
    /the api has stage fright[^]*api \d did not start: it ended with exit code 1\./,
  );
  expect(existsSync(stage.readyFile)).toBe(false);
  const { pids } = JSON.parse(
    await readFile(join(stage.folder, "children.json"), "utf8").catch(() => '{"pids":[]}'),
  ) as { pids: number[] };
  expect(pids.filter(isAlive)).toEqual([]);
});

test("without the simulator nothing is paired, and another server is what the workers are told", async () => {
  await using stage = await setup();
  const url = "ws://127.0.0.1:9";
  const running = stage.run({
    workers: 1,
    apis: 1,
    whatsapp: { kind: "other", url, rootKey: "a2V5" },
  });
  await stage.said(/Pombo is running/);
  const ready = await readyOf(stage);
  expect(ready).toMatchObject({
    device_id: null,
    phone: null,
    simulator_url: null,
    control_url: null,
  });
  expect(ready.pids.simulator).toBeNull();
  const log = await readFile(join(stage.folder, "logs", "worker-1.log"), "utf8");
  expect(log).toContain(`speaks to ${url} trusting a2V5`);
  stage.stop();
  await running;
});

test("asked to stop in the middle of the start, it stops", async () => {
  await using stage = await setup();
  const running = stage.run();
  await stage.said(/✓ simulator/);
  stage.stop();
  await expect(running).rejects.toThrow(/abort/i);
  onTestFinished(() => expect(existsSync(stage.readyFile)).toBe(false));
});

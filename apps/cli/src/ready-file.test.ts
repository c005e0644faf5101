import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { openReadyFile, type Ready } from "./ready-file.ts";
import { temporaryFolder } from "./temporary-folder.test-setup.ts";

const READY: Ready = {
  api_url: "http://127.0.0.1:3000",
  api_urls: ["http://127.0.0.1:3000"],
  api_key: "k",
  device_id: null,
  phone: null,
  simulator_url: null,
  control_url: null,
  redis_url: "redis://127.0.0.1:1",
  pids: { api: [1], worker: [2], notifier: [4], redis: 3, simulator: null },
};

test("the file of a crashed run is gone before anything starts, ours when it ends", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "deep", "ready.json");
  const file = await openReadyFile(path);
  await file.write(READY);
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual(READY);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await file[Symbol.asyncDispose]();
  await file.write(READY); // somebody died while everything stopped
  expect(existsSync(path)).toBe(false);
  await writeFile(path, "stale");
  await openReadyFile(path);
  expect(existsSync(path)).toBe(false);
});

test("the last of many writes is what stays", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "ready.json");
  const file = await openReadyFile(path);
  const writes = [1, 2, 3, 4].map((redis) =>
    file.write({ ...READY, pids: { ...READY.pids, redis } }),
  );
  await Promise.all(writes);
  expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ pids: { redis: 4 } });
});

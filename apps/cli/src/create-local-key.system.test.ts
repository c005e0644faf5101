import { writeFile } from "node:fs/promises";
import { DEFAULT_SETTINGS, type CellId } from "@pombo/domain";
import { digestApiKey, openLedger, SCOPES } from "@pombo/ledger";
import { cellKeys, openRedis } from "@pombo/redis";
import { findRedisServer, launchRedisServer } from "@pombo/redis-server";
import { expect, test } from "vitest";

import type { UpConfig } from "./config.ts";
import { createLocalKey } from "./create-local-key.ts";
import { openDataFolder } from "./data-folder.ts";
import { lockFolder } from "./lock-folder.ts";
import { temporaryFolder } from "./temporary-folder.test-setup.ts";

const PATH = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/usr/sbin:/sbin";
const CONFIG: UpConfig = {
  environment: {},
  path: PATH,
  redisUrl: undefined,
  host: "127.0.0.1",
  cell: "c0",
};
const GRANT = { name: "rescue", scopes: SCOPES, devices: "*" } as const;

async function launch(dir: string) {
  const binary = await findRedisServer(PATH);
  if (binary === undefined) throw new Error("this test needs redis-server");
  return launchRedisServer({ binary, dir, appendOnly: "always" });
}

async function nameOf(url: string, key: string): Promise<string | undefined> {
  await using redis = await openRedis({ url, role: "request" });
  const keys = cellKeys("c0" as CellId);
  const ledger = openLedger({ redis: redis.client, keys, settings: DEFAULT_SETTINGS });
  return (await ledger.findApiKey(digestApiKey(key)))?.name;
}

test("a key made while nothing runs is there at the next start", async () => {
  await using temporary = await temporaryFolder();
  const { key } = await createLocalKey({ ...GRANT, data: temporary.path }, CONFIG);
  expect(key).toMatch(/^pombo_c0_[A-Za-z0-9_-]{43}$/);
  const { redis } = await openDataFolder(temporary.path);
  await using server = await launch(redis);
  expect(await nameOf(server.url, key)).toBe("rescue");
});

test("in data of a newer version nothing is made, and nothing is migrated", async () => {
  await using temporary = await temporaryFolder();
  const { redis } = await openDataFolder(temporary.path);
  await using server = await launch(redis);
  await using client = await openRedis({ url: server.url, role: "request" });
  await client.client.set(cellKeys("c0" as CellId).schema(), "999");
  const config = { ...CONFIG, redisUrl: server.url };
  const making = createLocalKey({ ...GRANT, data: temporary.path }, config);
  await expect(making).rejects.toThrow(/version 999, written by a newer Pombo/);
  expect(await client.client.dbsize()).toBe(1);
});

test("a key made beside a running Pombo goes into its Redis", async () => {
  await using temporary = await temporaryFolder();
  const folder = await openDataFolder(temporary.path);
  await using server = await launch(folder.redis);
  await using lock = await lockFolder(folder.path);
  lock.tell("http://127.0.0.1:1");
  await writeFile(folder.redisUrlFile, `${server.url}\n`);
  const { key } = await createLocalKey({ ...GRANT, data: temporary.path }, CONFIG);
  expect(await nameOf(server.url, key)).toBe("rescue");
});

import type { CellId } from "@pombo/domain";
import { openTestRedis } from "@pombo/testbed";
import { expect, test } from "vitest";
import { checkRedis } from "./check-redis.ts";
import { cellKeys, luaKeys } from "./keys.ts";
import { openRedis } from "./open-redis.ts";
import { runScript, script } from "./script.ts";

async function setup(durable = false) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis({ durable }));
  const redis = stack.use(await openRedis({ url: server.url, role: "worker" }));
  return { server, redis: redis.client, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const keys = cellKeys("c0" as CellId);
const PARTS = ["one", "two", "three"] as const;

test("TypeScript and Lua name every key alike, and all of a cell share one hash tag", async () => {
  await using t = await setup();
  const { tag, ...functions } = keys;
  for (const [name, make] of Object.entries(functions)) {
    const parts = [...luaKeys().matchAll(new RegExp(`key\\.${name}\\(([^)]*)\\)`, "g"))][0]?.[1];
    const count = parts === "" || parts === undefined ? 0 : parts.split(",").length;
    const given = PARTS.slice(0, count);
    const inLua = script(name, `${luaKeys()}\nreturn key.${name}(unpack(ARGV))`);
    const expected = Reflect.apply(make, undefined, given);
    // oxlint-disable-next-line no-await-in-loop
    expect(await runScript(t.redis, inLua, tag, given)).toBe(expected);
    expect(expected.startsWith(`${tag}:`)).toBe(true);
  }
});

test("a script runs on a server that has forgotten it", async () => {
  await using t = await setup();
  const add = script("add", "return redis.call('INCRBY', KEYS[1], ARGV[1])");
  expect(await runScript(t.redis, add, "n", [2])).toBe(2);
  await t.redis.script("FLUSH");
  expect(await runScript(t.redis, add, "n", [3])).toBe(5);
});

test("a script's error is its caller's, and is not run twice", async () => {
  await using t = await setup();
  const bad = script("bad", "redis.call('INCR', KEYS[1]) return redis.call('LPUSH', KEYS[1], 1)");
  await expect(runScript(t.redis, bad, "n", [])).rejects.toThrow("WRONGTYPE");
  expect(await t.redis.get("n")).toBe("1");
});

test("a Redis that can't keep what is accepted says why", async () => {
  await using plain = await setup();
  expect(await checkRedis(plain.redis)).toEqual([
    "the append-only file is off: set appendonly yes",
  ]);
  await using durable = await setup(true);
  expect(await checkRedis(durable.redis)).toEqual([]);
  await durable.redis.config("SET", "maxmemory-policy", "allkeys-lru");
  expect(await checkRedis(durable.redis)).toEqual([
    "maxmemory-policy is allkeys-lru: set noeviction",
  ]);
});

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { CellId } from "@pombo/domain";
import { openTestRedis } from "@pombo/testbed";
import type { Redis } from "ioredis";
import { expect, test } from "vitest";
import { checkRedis } from "./check-redis.ts";
import { cellKeys, inlineKeys, luaKeys } from "./keys.ts";
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
    const expected = Reflect.apply(make, undefined, given);
    const literal = given.map((_, index) => `ARGV[${index} + 1] or nil`).join(", ");
    for (const called of [`return key.${name}(unpack(ARGV))`, `return key.${name}(${literal})`]) {
      const text = inlineKeys(called);
      const inLua = script(name, `${luaKeys(text)}\n${text}`);
      // oxlint-disable-next-line no-await-in-loop
      expect(await runScript(t.redis, inLua, tag, given)).toBe(expected);
    }
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

/** A way to Redis whose present connections lose every answer once it is deaf, and stay open. */
async function openDeafWay(url: string) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let legs: { deaf: boolean }[] = [];
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    const leg = { deaf: false };
    legs.push(leg);
    client.on("data", (chunk) => void redis.write(chunk));
    redis.on("data", (chunk) => (leg.deaf ? undefined : client.write(chunk)));
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => [client, redis].forEach((one) => one.destroy()));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const near = Object.assign(new URL(url), { port: (server.address() as AddressInfo).port });
  return {
    url: near.href,
    goDeaf() {
      for (const leg of legs) leg.deaf = true;
      legs = [];
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Not `once` of node:events, which an error of the old connection would end. */
function nextConnection(redis: Redis): Promise<unknown> {
  return new Promise((resolve) => redis.once("ready", resolve));
}

test("a connection that answers no more is replaced: what was asked is asked again", async () => {
  await using t = await setup();
  await using way = await openDeafWay(t.server.url);
  await using patient = await openRedis({ url: way.url, role: "worker", silenceMs: 200 });
  expect(await patient.client.ping()).toBe("PONG");
  way.goDeaf();
  expect(await patient.client.incr("n")).toBe(2); // it ran twice: no script of ours minds
});

test("a request fails while nobody answers, and the next one succeeds", async () => {
  await using t = await setup();
  await using way = await openDeafWay(t.server.url);
  const times = { commandTimeoutMs: 100, silenceMs: 200 };
  await using fast = await openRedis({ url: way.url, role: "request", ...times });
  expect(await fast.client.ping()).toBe("PONG");
  way.goDeaf();
  const replaced = nextConnection(fast.client);
  await expect(fast.client.ping()).rejects.toThrow("timed out");
  await replaced;
  expect(await fast.client.ping()).toBe("PONG");
});

test("a subscriber notices by itself that its connection is dead, and hears again", async () => {
  await using t = await setup();
  await using way = await openDeafWay(t.server.url);
  await using subscriber = await openRedis({ url: way.url, role: "subscriber", silenceMs: 200 });
  await subscriber.client.subscribe("news");
  const [first] = [once(subscriber.client, "message"), await t.redis.publish("news", "one")];
  expect(await first).toEqual(["news", "one"]);
  way.goDeaf();
  await nextConnection(subscriber.client);
  const second = once(subscriber.client, "message");
  while ((await t.redis.publish("news", "two")) === 0);
  expect(await second).toEqual(["news", "two"]);
});

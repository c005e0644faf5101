import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

import { expect, test } from "vitest";

import { openTestRedis } from "./open-test-redis.ts";

async function command(url: string, line: string): Promise<string> {
  const { port, password } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  const login = password === "" ? "PING" : `AUTH ${password}`;
  socket.write(`${login}\r\n${line}\r\nQUIT\r\n`);
  return (await text(socket)).split("\r\n").slice(1, -2).join("\n");
}

test("a durable Redis has its data after a crash, on the same url", async () => {
  await using redis = await openTestRedis({ durable: true });
  expect(await command(redis.url, "SET a 1")).toBe("+OK");
  await redis.kill9();
  await redis.restart();
  expect(await command(redis.url, "GET a")).toBe("$1\n1");
  await redis.restart();
  expect(await command(redis.url, "GET a")).toBe("$1\n1");
});

test("who has a Redis has it alone and empty, also after another test", async () => {
  const one = await openTestRedis();
  const two = await openTestRedis();
  expect(await command(one.url, "SET a 1")).toBe("+OK");
  expect(await command(two.url, "DBSIZE")).toBe(":0");
  await two[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
  await using three = await openTestRedis();
  expect(await command(three.url, "DBSIZE")).toBe(":0");
});

test("a Redis ends with its test where something of that may have stayed", async () => {
  const changed = await openTestRedis();
  await command(changed.url, "CONFIG SET maxmemory 1gb");
  const talking = await openTestRedis();
  const { port } = new URL(talking.url);
  const socket = connect(Number(port), "127.0.0.1");
  await once(socket, "connect");
  for (const redis of [changed, talking]) {
    await redis[Symbol.asyncDispose]();
    const late = connect(Number(new URL(redis.url).port), "127.0.0.1");
    await expect(once(late, "connect")).rejects.toThrow(/ECONNREFUSED/);
  }
  socket.destroy();
});

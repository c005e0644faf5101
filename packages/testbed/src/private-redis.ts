import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { launchRedisServer } from "@pombo/redis-server";

import type { TestRedis } from "./open-test-redis.ts";

/** `keepsFolder`: false where nothing is looked up in it, so that nothing is left when the process ends without closing. */
export async function openPrivateRedis(
  binary: string,
  { durable, keepsFolder }: { readonly durable: boolean; readonly keepsFolder: boolean },
): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), "pombo-test-"));
  const appendOnly = durable ? "always" : "no";
  let server = await launchRedisServer({ binary, dir, appendOnly });
  if (!keepsFolder) await rm(dir, { recursive: true, force: true });
  const { port, url } = server;
  const password = new URL(url).password;

  async function kill9(): Promise<void> {
    process.kill(server.pid, "SIGKILL");
    await server.closed;
  }

  async function restart(): Promise<void> {
    await server[Symbol.asyncDispose]();
    server = await launchRedisServer({ binary, dir, appendOnly, port, password });
  }

  async function close(): Promise<void> {
    await server[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  }

  return { url, kill9, restart, [Symbol.asyncDispose]: close };
}

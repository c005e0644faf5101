import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { freePort } from "@pombo/redis-server";

import type { TestRedis } from "./open-test-redis.ts";

const IMAGE = "redis:7";
const SETTINGS = "--save  --maxmemory-policy noeviction --hash-max-listpack-value 512";
const run = promisify(execFile);

/** testcontainers removes what it started even when the test process is killed. The port is fixed, so that a restart keeps it. */
export async function openContainerRedis(engine: string, durable: boolean): Promise<TestRedis> {
  const { GenericContainer, Wait } = await import("testcontainers"); // slow to load, and only needed here
  const port = await freePort();
  const keeping = durable ? ["--appendonly", "yes", "--appendfsync", "always"] : [];
  const container = await new GenericContainer(IMAGE)
    .withCommand(["redis-server", ...SETTINGS.split(" "), ...keeping])
    .withExposedPorts({ container: 6379, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  const id = container.getId();

  async function kill9(): Promise<void> {
    await run(engine, ["kill", "--signal", "KILL", id]);
    await run(engine, ["wait", id]);
  }

  async function restart(): Promise<void> {
    await run(engine, ["restart", id]);
  }

  async function close(): Promise<void> {
    await container.stop();
  }

  return { url: `redis://127.0.0.1:${port}`, kill9, restart, [Symbol.asyncDispose]: close };
}

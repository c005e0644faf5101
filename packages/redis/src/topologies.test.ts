import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CellId } from "@pombo/domain";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { cellKeys } from "./keys.ts";
import { openRedis } from "./open-redis.ts";
import { runScript, script } from "./script.ts";

/** Servers in a folder of their own, by configuration file; ended with the test. */
async function servers() {
  const folder = await mkdtemp(join(tmpdir(), "pombo-redis-"));
  const running: ChildProcess[] = [];
  return {
    async start(
      lines: readonly string[],
      ...args: readonly string[]
    ): Promise<{ port: number; child: ChildProcess }> {
      const port = await freePort();
      const file = join(folder, `${port}.conf`);
      await writeFile(
        file,
        [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`, 'save ""', ...lines].join("\n"),
      );
      const child = spawn("redis-server", [file, ...args], { stdio: ["ignore", "pipe", "ignore"] });
      running.push(child);
      await once(child.stdout ?? child, "data");
      return { port, child };
    },
    async [Symbol.asyncDispose]() {
      for (const child of running.filter(
        ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
      )) {
        child.kill("SIGKILL");
        // oxlint-disable-next-line no-await-in-loop
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  // A cluster node also takes the port 10,000 above its own.
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  return port < 55_000 ? port : freePort();
}

/** Asks until the answer is as wanted; each question waits for its answer. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  // oxlint-disable-next-line no-await-in-loop
  while (!(await ask().catch(() => false))) if (Date.now() > end) throw new Error("not in time");
}

const keys = cellKeys("c0" as CellId);
const touch = script(
  "touch",
  "redis.call('SET', KEYS[1] .. ':a', ARGV[1]) return redis.call('GET', KEYS[1] .. ':a')",
);

test("a cell lives in one slot of a cluster", async () => {
  await using all = await servers();
  const { port } = await all.start(["cluster-enabled yes", "cluster-announce-ip 127.0.0.1"]);
  const admin = new Redis(port);
  await until(async () => (await admin.ping()) === "PONG");
  await admin.cluster("ADDSLOTSRANGE", 0, 16_383);
  await until(async () => (await admin.cluster("INFO")).includes("cluster_state:ok"));
  await admin.quit();
  await using redis = await openRedis({ url: `redis+cluster://127.0.0.1:${port}`, role: "worker" });
  expect(await runScript(redis.client, touch, keys.tag, ["x"])).toBe("x");
  await redis.client.multi().set(keys.sequence(), 1).zadd(keys.devices(), 1, "d").exec();
  expect(await redis.client.get(keys.sequence())).toBe("1");
});

test("behind sentinels the client follows the master to its replica", async () => {
  await using all = await servers();
  const master = await all.start([]);
  const replica = await all.start([`replicaof 127.0.0.1 ${master.port}`]);
  const sentinel = await all.start(
    [
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      "sentinel down-after-milliseconds main 300",
      "sentinel failover-timeout main 1000",
    ],
    "--sentinel",
  );
  const watch = new Redis(sentinel.port);
  const info = async (): Promise<string> => watch.info("sentinel");
  await until(async () => (await info()).includes("slaves=1"));
  await using redis = await openRedis({
    url: `redis+sentinel://127.0.0.1:${sentinel.port}/main`,
    role: "worker",
  });
  expect(await runScript(redis.client, touch, keys.tag, ["before"])).toBe("before");
  await redis.client.wait(1, 2_000);
  master.child.kill("SIGKILL");
  await until(async () => (await info()).includes(`address=127.0.0.1:${replica.port}`));
  await until(async () => (await runScript(redis.client, touch, keys.tag, ["after"])) === "after");
  watch.disconnect();
});

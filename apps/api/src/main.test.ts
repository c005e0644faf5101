import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openRedis } from "@pombo/redis";
import { compileCache, openTestRedis, type TestRedis } from "@pombo/testbed";
import { afterAll, beforeAll, expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

let store: TestRedis;

beforeAll(async () => {
  store = await openTestRedis();
});
afterAll(() => store[Symbol.asyncDispose]());

function start(env: Record<string, string>, ipc: boolean): ChildProcess & AsyncDisposable {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...compileCache(),
      POMBO_REDIS_URL: store.url,
      POMBO_PORT: "0",
      POMBO_ENV: "development",
      POMBO_DRAIN_MS: "0",
      ...env,
    },
    stdio: ipc ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
  });
  return Object.assign(child, {
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL"))
        await once(child, "exit");
    },
  });
}

async function untilReady(child: ChildProcess): Promise<{ url: string; pid: number }> {
  const [ready] = (await once(child, "message")) as [{ kind: string; url: string; pid: number }];
  expect(ready.kind).toBe("ready");
  return ready;
}

async function heard(stream: ChildProcess["stdout"]): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of stream ?? []) chunks.push(String(chunk));
  return chunks.join("");
}

test("supervised, it says when it is ready, ignores Ctrl-C and ends on SIGTERM with 0", async () => {
  await using child = start({}, true);
  const { url, pid } = await untilReady(child);
  expect(pid).toBe(child.pid);
  child.kill("SIGINT");
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("told to end, it withdraws its readiness first, and takes requests while balancers notice", async () => {
  await using child = start({ POMBO_DRAIN_MS: "1000" }, true);
  const { url } = await untilReady(child);
  child.kill("SIGTERM");
  const ready = async () => {
    const answer = await fetch(`${url}/health/ready`);
    return [answer.status, answer.headers.get("connection"), (await answer.json()) as object];
  };
  const draining = expect.objectContaining({
    error: expect.stringContaining("draining") as string,
  });
  await expect.poll(ready).toEqual([503, "close", draining]);
  expect((await fetch(`${url}/v1/errors`)).status).toBe(200);
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("it ends on SIGTERM while Redis is away, too", async () => {
  await using lost = await openTestRedis();
  await using child = start({ POMBO_REDIS_URL: lost.url }, true);
  const { url } = await untilReady(child);
  await lost.kill9();
  expect((await fetch(`${url}/health/ready`)).status).toBe(503);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("supervised, it ends when its supervisor is gone", async () => {
  await using child = start({}, true);
  await untilReady(child);
  child.disconnect();
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("a wrong setting is one line and an exit code", async () => {
  await using child = start({ POMBO_PORT: "http" }, false);
  const [said, [code]] = await Promise.all([heard(child.stderr), once(child, "exit")]);
  expect(said).toBe("pombo api: POMBO_PORT must be a port number from 0 to 65535\n");
  expect(code).toBe(2);
});

test("outside development, a Redis that may lose what was accepted is refused", async () => {
  await using child = start({ POMBO_ENV: "production" }, false);
  const [said, [code]] = await Promise.all([heard(child.stderr), once(child, "exit")]);
  expect(said).toContain("append-only");
  expect(code).toBe(1);
});

test("data of a newer version is refused in one line, and stays as it is", async () => {
  await using other = await openTestRedis();
  await using redis = await openRedis({ url: other.url, role: "request" });
  await redis.client.set("{pombo:c0}:schema", "999");
  await using child = start({ POMBO_REDIS_URL: other.url }, false);
  const [said, [code]] = await Promise.all([heard(child.stderr), once(child, "exit")]);
  expect(said).toMatch(
    /^pombo api: The data in Redis has version 999, written by a newer Pombo.*\n$/,
  );
  expect([code, await redis.client.keys("*")]).toEqual([1, ["{pombo:c0}:schema"]]);
});

test("a port that is taken is one line and an exit code", async () => {
  await using first = start({}, true);
  const { url } = await untilReady(first);
  await using second = start({ POMBO_PORT: new URL(url).port }, false);
  const [said, [code]] = await Promise.all([heard(second.stderr), once(second, "exit")]);
  expect(said).toMatch(/^pombo api: .*EADDRINUSE.*\n$/);
  expect(code).toBe(1);
});

import type { CellId, EndpointId } from "@pombo/domain";
import { cellKeys, openRedis } from "@pombo/redis";
import { openTestRedis } from "@pombo/testbed";
import { expect, test } from "vitest";
import {
  openWebhookJobs,
  openWebhookWorker,
  type WebhookJob,
  type WebhookJobEnd,
} from "./webhook-jobs.ts";

const endpointId = "wh_0123456789abcdef" as EndpointId;
const job = (number: number): WebhookJob => ({ endpointId, delivery: `170000000000${number}-0` });

async function setup() {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis());
  const open = async () =>
    stack.use(await openRedis({ url: server.url, role: "worker", silenceMs: 20_000 })).client;
  const redis = await open();
  const { tag } = cellKeys("c0" as CellId);
  const jobs = stack.use(openWebhookJobs({ redis, tag }));
  const handled: string[] = [];
  const errors: Error[] = [];
  const work = async (
    handle: (job: WebhookJob) => WebhookJobEnd | Promise<WebhookJobEnd>,
    lockMs = 15_000,
  ) =>
    openWebhookWorker({
      redis: await open(),
      tag,
      concurrency: 5,
      lockMs,
      handle: async (given) => {
        handled.push(given.delivery);
        return handle(given);
      },
      onError: (error) => errors.push(error),
    });
  return {
    jobs,
    work,
    handled,
    errors,
    redis,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const eventually = (check: () => unknown) => expect.poll(check, { timeout: 15_000, interval: 20 });

test("adding a job again adds nothing, and a job that ended leaves nothing behind", async () => {
  await using t = await setup();
  await t.jobs.add([job(1), job(2)]);
  await t.jobs.add([job(2), job(1)]);
  expect(await t.jobs.missing([job(1), job(2), job(3)])).toEqual([job(3)]);
  await using _ = await t.work(() => ({ kind: "done" }));
  await eventually(() => t.jobs.missing([job(1), job(2)])).toEqual([job(1), job(2)]);
  expect(t.handled.toSorted()).toEqual([job(1).delivery, job(2).delivery]);
  const left = (await t.redis.keys("*")).filter((key) => key.includes(endpointId));
  expect(left).toEqual([]);
});

test("a job for later comes back at its time", async () => {
  await using t = await setup();
  const at = Date.now() + 300;
  const begun: number[] = [];
  await t.jobs.add([job(1)]);
  await using _ = await t.work(() => {
    begun.push(Date.now());
    return begun.length === 1 ? { kind: "later", at } : { kind: "done" };
  });
  await eventually(() => t.jobs.missing([job(1)])).toEqual([job(1)]);
  expect(begun).toHaveLength(2);
  expect(begun[1]).toBeGreaterThanOrEqual(at - 2);
});

test("a job that waits for its time may be told to go now; others are left as they are", async () => {
  await using t = await setup();
  await t.jobs.add([
    { ...job(1), delayMs: 3_600_000 },
    { ...job(2), delayMs: 3_600_000 },
  ]);
  await using _ = await t.work(() => ({ kind: "done" }));
  await t.jobs.hasten([job(1), job(3)]);
  await eventually(() => t.jobs.missing([job(1), job(2)])).toEqual([job(1)]);
  expect(t.handled).toEqual([job(1).delivery]);
});

test("a job whose handling throws is gone, so that it can be added again", async () => {
  await using t = await setup();
  await t.jobs.add([job(1)]);
  await using _ = await t.work(() => {
    throw new Error("Redis was away");
  });
  await eventually(() => t.jobs.missing([job(1)])).toEqual([job(1)]);
  expect(t.errors).toMatchObject([{ message: "Redis was away" }]);
});

test("closing waits for what is in hand", async () => {
  await using t = await setup();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await t.jobs.add([job(1)]);
  const worker = await t.work(async () => {
    await released;
    return { kind: "done" };
  });
  await eventually(() => t.handled).toHaveLength(1);
  let closed = false;
  const closing = Promise.resolve(worker[Symbol.asyncDispose]()).then(() => (closed = true));
  expect(closed).toBe(false);
  release();
  await closing;
  expect(await t.jobs.missing([job(1)])).toEqual([job(1)]);
});

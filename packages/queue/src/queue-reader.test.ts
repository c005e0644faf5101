import type { CellId, DeviceId, EndpointId, MessageId } from "@pombo/domain";
import { cellKeys, openRedis } from "@pombo/redis";
import { openTestRedis } from "@pombo/testbed";
import { expect, test } from "vitest";
import { openLanes } from "./lane.ts";
import { openQueueReaders } from "./queue-reader.ts";
import { openWebhookJobs, openWebhookWorker } from "./webhook-jobs.ts";

const device = "dev_0123456789abcdef" as DeviceId;

async function setup() {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis());
  const open = async () =>
    stack.use(await openRedis({ url: server.url, role: "worker", silenceMs: 20_000 })).client;
  const redis = await open();
  const { tag } = cellKeys("c0" as CellId);
  return {
    open,
    redis,
    tag,
    readers: openQueueReaders({ redis, tag }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("a lane is read in the order in which its jobs go", async () => {
  await using t = await setup();
  const reader = t.readers.lane(device);
  expect(await reader.counts()).toEqual({ active: 0, waiting: 0, delayed: 0 });
  const lane = openLanes({ redis: t.redis, tag: t.tag, owner: "test" }).lane(device);
  const ids = ["A", "B", "C"].map((letter) => `3EB0${letter}` as MessageId);
  for (const id of ids)
    // oxlint-disable-next-line no-await-in-loop
    await lane.add(id, 1);
  await lane.fetch();
  expect(await reader.counts()).toEqual({ active: 1, waiting: 2, delayed: 0 });
  const [active] = await reader.page("active", 0, 10);
  expect(active).toMatchObject({ id: "3EB0A.1", data: {}, starts: 1 });
  expect(active?.begunAt).toBeGreaterThan(0);
  const page = async (from: number) => (await reader.page("waiting", from, 1)).map(({ id }) => id);
  expect([await page(0), await page(1), await page(2)]).toEqual([["3EB0B.1"], ["3EB0C.1"], []]);
  expect(await reader.find("3EB0A.1")).toMatchObject({ place: "active" });
  expect(await reader.find("3EB0C.1")).toMatchObject({ place: "waiting" });
  expect(await reader.find("3EB0D.1")).toBeUndefined();
  for (const other of ["meta", "wait", "3EB0A.1:lock"])
    // oxlint-disable-next-line no-await-in-loop
    expect(await reader.find(other)).toBeUndefined();
});

test("webhook jobs are read where BullMQ's own queue and workers put them", async () => {
  await using t = await setup();
  const { webhooks } = t.readers;
  await using jobs = openWebhookJobs(t);
  const job = (n: number) => ({ endpointId: "wh_0" as EndpointId, delivery: `${n}-0` });
  await jobs.add([job(1), job(2), { ...job(3), delayMs: 60_000 }]);
  expect(await webhooks.counts()).toEqual({ active: 0, waiting: 2, delayed: 1 });
  expect(await webhooks.page("delayed", 0, 5)).toMatchObject([{ data: job(3), delayMs: 60_000 }]);
  expect(await webhooks.find("wh_0_3-0")).toMatchObject({ place: "delayed" });
  const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using _ = await openWebhookWorker({
    redis: await t.open(),
    tag: t.tag,
    concurrency: 1,
    lockMs: 15_000,
    handle: async () => {
      begun.resolve();
      await release.promise;
      return { kind: "done" };
    },
    onError: () => undefined,
  });
  await begun.promise;
  expect(await webhooks.page("active", 0, 5)).toMatchObject([{ data: job(1), starts: 1 }]);
  expect(await webhooks.find("wh_0_1-0")).toMatchObject({ place: "active" });
  expect((await webhooks.page("waiting", 0, 5)).map(({ data }) => data)).toEqual([job(2)]);
  release.resolve();
});

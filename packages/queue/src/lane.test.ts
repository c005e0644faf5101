import { cellKeys, openRedis } from "@pombo/redis";
import type { CellId, DeviceId, MessageId } from "@pombo/domain";
import { openTestRedis } from "@pombo/testbed";
import { expect, test } from "vitest";
import { openLanes } from "./lane.ts";

const device = "dev_0000000000000001" as DeviceId;
const [a, b, c] = ["3EB0AA", "3EB0BB", "3EB0CC"] as MessageId[] as [
  MessageId,
  MessageId,
  MessageId,
];

async function setup(owner = "worker-1") {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis());
  const redis = stack.use(await openRedis({ url: server.url, role: "worker" }));
  const keys = cellKeys("c0" as CellId);
  const open = (name: string) => openLanes({ redis: redis.client, tag: keys.tag, owner: name });
  return {
    lane: open(owner).lane(device),
    other: open("worker-2").lane(device),
    redis: redis.client,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("a lane is first in, first out, and a repeated add is one job", async () => {
  await using t = await setup();
  await t.lane.add(a, 1);
  await t.lane.add(b, 1);
  await t.lane.add(a, 1);
  expect(await t.lane.fetch()).toEqual({ messageId: a, feed: 1 });
  expect(await t.lane.fetch()).toEqual({ messageId: b, feed: 1 });
  expect(await t.lane.fetch()).toBeUndefined();
});

test("a finished job leaves nothing behind, and finishing it again is no error", async () => {
  await using t = await setup();
  await t.lane.add(a, 1);
  const job = await t.lane.fetch();
  if (job === undefined) throw new Error("no job");
  await t.lane.finish(job);
  await t.lane.finish(job);
  expect(await t.lane.active()).toEqual([]);
  expect(await t.lane.existing([job])).toEqual([]);
  await t.lane.add(a, 2);
  expect(await t.lane.fetch()).toEqual({ messageId: a, feed: 2 });
});

test("what a dead owner fetched goes back to the head in order, and the zombie's finish changes nothing", async () => {
  await using t = await setup();
  for (const id of [a, b, c]) await t.lane.add(id, 1);
  const zombie = await t.lane.fetch();
  await t.lane.fetch();
  const stranded = await t.other.active();
  expect(stranded.map(({ messageId }) => messageId)).toEqual([a, b]);
  await t.other.putBack(stranded);
  expect(await t.other.fetch()).toEqual({ messageId: a, feed: 1 });
  if (zombie === undefined) throw new Error("no job");
  await t.lane.finish(zombie);
  expect(await t.other.existing([zombie])).toEqual([zombie]);
  expect((await t.other.fetch())?.messageId).toBe(b);
  expect((await t.other.fetch())?.messageId).toBe(c);
});

test("a job that ended meanwhile is not put back, and the others are", async () => {
  await using t = await setup();
  for (const id of [a, b]) await t.lane.add(id, 1);
  const [first] = [await t.lane.fetch(), await t.lane.fetch()];
  if (first === undefined) throw new Error("no job");
  const stranded = await t.other.active();
  await t.lane.finish(first);
  await t.other.putBack(stranded);
  expect((await t.other.fetch())?.messageId).toBe(b);
  expect(await t.other.fetch()).toBeUndefined();
});

test("an idle lane costs Redis a few small keys", async () => {
  await using t = await setup();
  for (let feed = 1; feed <= 50; feed += 1) {
    await t.lane.add(a, feed);
    const job = await t.lane.fetch();
    if (job !== undefined) await t.lane.finish(job);
  }
  const names = await t.redis.keys("*");
  const sizes = await Promise.all(names.map((name) => t.redis.memory("USAGE", name)));
  expect(sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)).toBeLessThan(8_000);
});

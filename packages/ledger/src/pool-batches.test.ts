import { type BatchId, type DeviceId, rowMessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import {
  A,
  B,
  C,
  drawHint,
  NOW,
  openBatch,
  type OpenBatch,
  openPool,
  WARM,
} from "./pools.test-bed.ts";

type Bed = Awaited<ReturnType<typeof openPool>>;
const DEVICES = [A, B, C] as const;

const person = (index: number): string => `55119${String(index).padStart(8, "0")}`;

/** The device draws the next rows, if there are any for it. */
async function draw(t: Bed, by: DeviceId, { people }: OpenBatch, count = 4) {
  const [hint] = (await t.ledger.peek(by, NOW)).draws;
  return hint === undefined ? "nothing" : drawHint(t, by, { hint, people, count, now: NOW });
}

const devicesOf = (t: Bed, id: BatchId, count: number) =>
  Promise.all(Array.from({ length: count }, (_, at) => t.deviceOf(rowMessageId(id, at + 1))));

test("the devices of a pool share a batch: each row is drawn once, by whoever asks for it", async () => {
  await using t = await openPool();
  const batch = await openBatch(
    t,
    Array.from({ length: 24 }, (_, at) => person(at)),
  );
  const told = await Promise.all(DEVICES.map((by) => draw(t, by, batch)));
  expect(told.toSorted()).toEqual(["drawn", "moved", "moved"]);
  for (let turn = 0; turn < 8; turn += 1)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await draw(t, DEVICES[turn % 3] as DeviceId, batch);
  expect(await draw(t, A, batch)).toBe("nothing");
  const devices = await devicesOf(t, batch.id, 24);
  expect(new Set(devices)).toEqual(new Set(DEVICES));
  const { counts, undrawn, open } = (await t.ledger.findBatch(batch.id)) ?? {};
  expect([counts?.queued, undrawn, open]).toEqual([24, 0, 24]);
  const backlogs = await Promise.all(DEVICES.map((id) => t.ledger.peek(id, NOW, 100)));
  const ids = backlogs.flatMap(({ candidates }) => candidates.map(({ id }) => id));
  expect(new Set(ids).size).toBe(24);
  expect(ids).toHaveLength(24);
});

test("a row goes to the device that talks to its recipient, and others of that recipient follow", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(C, person(1), WARM);
  const stuck = await t.deviceOf(await t.send(person(2)));
  const batch = await openBatch(t, [1, 2, 3, 3].map(person));
  expect(await draw(t, A, batch)).toBe("drawn");
  expect(await devicesOf(t, batch.id, 4)).toEqual([C, stuck, B, B]);
  expect(await t.deviceOf(await t.send(person(3)))).toBe(B);
});

test("rows go to the device with the most room for chats", async () => {
  await using t = await openPool();
  await t.ledger.editDevice(A, { pace: { coldDailyCap: 1 } });
  await t.ledger.editDevice(B, { pace: { coldDailyCap: 2 } });
  await t.ledger.editDevice(C, { pace: { coldDailyCap: 3 } });
  const batch = await openBatch(
    t,
    Array.from({ length: 8 }, (_, at) => person(at)),
  );
  expect(await draw(t, A, batch, 8)).toBe("drawn");
  // Nobody may start more than these today: the last ones wait with the device that drew them.
  expect(await devicesOf(t, batch.id, 8)).toEqual([C, B, C, A, B, C, A, A]);
});

test("the order of a recipient is kept where its device has rows to bring back", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(B, person(1), WARM);
  const batch = await openBatch(t, [1, 2, 1, 2].map(person));
  await draw(t, A, batch, 2);
  await t.ledger.steerBatch(batch.id, "pause", NOW + 1);
  // What was drawn is set aside by the owner of its device, and brought back by it.
  await t.ledger.peek(B, NOW + 2);
  await t.ledger.steerBatch(batch.id, "resume", NOW + 3);
  expect(await draw(t, A, batch, 2)).toBe("moved");
  await t.ledger.peek(B, NOW + 4);
  expect(await draw(t, A, batch, 2)).toBe("drawn");
  const { candidates } = await t.ledger.peek(B, NOW + 5, 10);
  expect(candidates.map(({ id }) => id)).toEqual([1, 3].map((row) => rowMessageId(batch.id, row)));
});

test("rows of a device that is lost go to the others, also while their batch is paused", async () => {
  await using t = await openPool();
  for (const one of [1, 2])
    // oxlint-disable-next-line no-await-in-loop -- few
    await t.ledger.warmUp(B, person(one), WARM);
  const batch = await openBatch(t, [1, 2, 3].map(person));
  await draw(t, A, batch, 2);
  await t.ledger.steerBatch(batch.id, "pause", NOW + 1);
  await t.ledger.peek(B, NOW + 2);
  await t.lose(B);
  expect(await t.sweep()).toBe(2);
  const [first] = await devicesOf(t, batch.id, 1);
  expect([A, C]).toContain(first);
  expect(await t.ledger.findMessage(rowMessageId(batch.id, 1))).toMatchObject({ place: "parked" });
  await t.ledger.steerBatch(batch.id, "resume", NOW + 30);
  const backlogs = await Promise.all([A, C].map((id) => t.ledger.peek(id, NOW + 31, 10)));
  const ids = backlogs.flatMap(({ candidates }) => candidates.map(({ id }) => id));
  expect(ids.toSorted()).toEqual([1, 2].map((row) => rowMessageId(batch.id, row)));
});

test("a pool that changes takes its batch to its new devices", async () => {
  await using t = await openPool();
  await t.ledger.editPool(t.poolId, { devices: [A] }, NOW);
  const batch = await openBatch(
    t,
    Array.from({ length: 12 }, (_, at) => person(at)),
  );
  expect(await draw(t, B, batch)).toBe("nothing");
  await t.ledger.editPool(t.poolId, { devices: [B, C] }, NOW + 1);
  expect(await draw(t, A, batch)).toBe("nothing");
  expect(await draw(t, B, batch)).toBe("drawn");
  expect((await t.ledger.findBatch(batch.id))?.deviceIds).toEqual([B, C]);
  expect(await t.ledger.deletePool(t.poolId, NOW + 2)).toBe("in-use");
  // One of two is deleted: the other one goes on. The last one takes the batch with it.
  await t.ledger.removeDevice(B, NOW + 3);
  expect(await t.sweep()).toBe(2);
  expect(await draw(t, C, batch)).toBe("drawn");
  await t.ledger.removeDevice(C, NOW + 40);
  expect(await t.ledger.findBatch(batch.id)).toMatchObject({
    state: "canceled",
    reason: "device_deleted",
    undrawn: 0,
  });
  expect(await t.ledger.deletePool(t.poolId, NOW + 50)).toBe("deleted");
});

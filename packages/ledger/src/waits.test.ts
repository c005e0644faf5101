import type { DeviceId, MessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;

type Bed = Awaited<ReturnType<typeof setup>>;

async function lastOf({ ledger }: Bed, id: MessageId) {
  return (await ledger.findMessage(id))?.timeline.at(-1);
}

test("an attempt tells what its message waited for: its turn, its device, its lane, or an earlier message", async () => {
  await using t = await setup();
  await t.ledger.changeDevice(t.own, { state: "connected", now: NOW - 1_000 });
  const [turn, device, lane, order] = [newMessage(), newMessage(), newMessage(), newMessage()];
  for (const { id } of [turn, device, lane, order]) await t.ledger.accept(newMessage({ id }));
  const prove = (messageId: MessageId) =>
    t.ledger.recordEvidence(DEVICE, { messageId, proves: "sent", now: NOW + 1 });

  await t.feed(t.own, { gated: [order.id], now: NOW });
  expect(await t.ledger.viewMessage(order.id, NOW)).not.toHaveProperty("behind");
  await t.begin(turn.id);
  await t.feed(t.own, { gated: [order.id], now: NOW });
  expect(await t.ledger.viewMessage(order.id, NOW)).toMatchObject({ behind: turn.id });
  expect(await lastOf(t, turn.id)).not.toHaveProperty("waitedFor");
  await prove(turn.id);
  await t.begin(order.id);
  expect(await lastOf(t, order.id)).toMatchObject({ status: "sending", waitedFor: "order" });
  await prove(order.id);

  await t.ledger.changeDevice(t.own, { state: "connecting", now: NOW + 10 });
  await t.ledger.changeDevice(t.own, { state: "connected", now: NOW + 20 });
  await t.begin(device.id);
  expect(await lastOf(t, device.id)).toMatchObject({ waitedFor: "device_offline" });
  await prove(device.id);
  await t.redis.hdel(t.keys.device(DEVICE), "online_at");
  await t.ledger.pauseLane(DEVICE, true, { now: NOW + 30 });
  await t.ledger.pauseLane(DEVICE, false, { now: NOW + 40 });
  await t.begin(lane.id);
  expect(await lastOf(t, lane.id)).toMatchObject({ waitedFor: "lane_paused" });
});

test("messages of many devices are looked through newest first, by stretches, and found by time", async () => {
  await using t = await setup();
  const devices = Array.from({ length: 24 }, (_, at) => `dev_${String(at + 10).padStart(16, "0")}`);
  const ids: MessageId[] = [];
  for (let at = 0; at < 96; at += 1) {
    const deviceId = devices[at % devices.length] as DeviceId;
    if (at < devices.length)
      await t.ledger.createDevice({ id: deviceId, name: "more", keyId: "key_1", at: 1 });
    const recipient = at % 40 === 7 ? "5511900000077" : "5511900000002";
    const message = newMessage({ deviceId, recipient, at: NOW + at * 1_000 });
    await t.ledger.accept(message);
    ids.push(message.id);
  }
  const seen = devices as DeviceId[];
  const found: string[] = [];
  let next: number | undefined;
  do {
    const place = next === undefined ? {} : { before: next };
    const page = await t.ledger.listMessages(seen, { limit: 10, ...place });
    found.push(...page.messages.map(({ id }) => id));
    next = page.next;
  } while (next !== undefined);
  expect(found).toEqual(ids.toReversed());

  // Messages of others came since: their stretch of sequences holds none of these devices.
  await t.redis.incrby(t.keys.sequence(), 5_000);
  const late = await t.ledger.listMessages(seen, { limit: 3 });
  expect(late.messages.map(({ id }) => id)).toEqual(ids.slice(-3).toReversed());

  const search = { recipient: "5511900000077", limit: 10, most: 50 };
  const first = await t.ledger.listMessages(seen, search);
  expect(first.messages.map(({ id }) => id)).toEqual([ids[87], ids[47]]);
  expect(first.reachedAt).toBe(NOW + 46_000);
  const rest = await t.ledger.listMessages(seen, { ...search, before: first.next ?? 0 });
  expect(rest.messages.map(({ id }) => id)).toEqual([ids[7]]);

  const before = await t.ledger.sequenceAfter(seen, NOW + 50_500);
  const past = await t.ledger.listMessages(seen, { limit: 1, before });
  expect(past.messages[0]?.id).toBe(ids[50]);
  expect(await t.ledger.sequenceAfter(seen, NOW - 1)).toBe(
    await t.ledger.sequenceAfter(seen, NOW - 9_000),
  );
});

import type { DeviceId, MessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { A, ANA, B, BEN, C, NOW, openPool, WARM } from "./pools.test-bed.ts";
import { newMessage } from "./setup.test-bed.ts";

test("a recipient stays with the device of its first message, and others are spread", async () => {
  await using t = await openPool();
  const first = await t.deviceOf(await t.send(ANA));
  const others = new Set<DeviceId | undefined>();
  for (let last = 0; last < 6; last += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    others.add(await t.deviceOf(await t.send(`551191000000${last}`)));
    // oxlint-disable-next-line no-await-in-loop
    expect(await t.deviceOf(await t.send(ANA))).toBe(first);
  }
  expect(others).toEqual(new Set([A, B, C]));
});

test("two messages to a new recipient at once go to one device", async () => {
  await using t = await openPool();
  const ids = await Promise.all(Array.from({ length: 20 }, () => t.send(ANA)));
  const devices = await Promise.all(ids.map((id) => t.deviceOf(id)));
  expect(new Set(devices).size).toBe(1);
});

test("recipients that are new at the same time are spread too", async () => {
  await using t = await openPool();
  const people = Array.from({ length: 9 }, (_, last) => `551191000000${last}`);
  const ids = await Promise.all(people.map((to) => t.send(to)));
  const devices = await Promise.all(ids.map((id) => t.deviceOf(id)));
  for (const id of [A, B, C]) expect(devices.filter((one) => one === id)).toHaveLength(3);
});

test("a living conversation decides before the room, and a stick before the conversation", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(C, ANA, WARM);
  expect(await t.deviceOf(await t.send(ANA))).toBe(C);
  // The conversation is known by the LID only.
  await t.ledger.trust(B, `${BEN}@lid`, WARM);
  expect(await t.deviceOf(await t.send(BEN))).toBe(B);
  await t.ledger.warmUp(A, BEN, WARM + 1);
  expect(await t.deviceOf(await t.send(BEN))).toBe(B);
});

test("a device that is away keeps its recipients, and gets no new ones", async () => {
  await using t = await openPool();
  const first = await t.deviceOf(await t.send(ANA));
  if (first === undefined) throw new Error("no device");
  await t.lose(first, "disconnected");
  expect(await t.sweep()).toBe(0);
  expect(await t.deviceOf(await t.send(ANA, { at: NOW + 1_000 }))).toBe(first);
  for (let last = 0; last < 6; last += 1) {
    const id = await t.send(`551191000000${last}`, { at: NOW + 1_000 }); // oxlint-disable-line no-await-in-loop -- one after the other
    // oxlint-disable-next-line no-await-in-loop
    expect(await t.deviceOf(id)).not.toBe(first);
  }
});

test.each(["logged_out", "blocked"] as const)(
  "a device that is %s gives back what can't have left, and keeps the rest",
  async (state) => {
    await using t = await openPool({ twice: true });
    await t.ledger.warmUp(A, ANA, WARM);
    await t.ledger.warmUp(A, BEN, WARM);
    const [left, behind, waiting, scheduled] = [
      await t.send(ANA),
      await t.send(ANA),
      await t.send(BEN),
      await t.send(BEN, { sendAt: NOW + 60_000 }),
    ];
    const direct = newMessage({ deviceId: A, recipient: BEN, at: NOW });
    await t.ledger.accept(direct);
    await t.attempt(left, A);
    await t.lose(A, state);
    // What is in an attempt may come back, and nothing of its recipient goes before it.
    expect(await t.sweep()).toBe(0);
    expect(await t.deviceOf(waiting)).not.toBe(A);
    expect(await t.deviceOf(behind)).toBe(A);
    const unknown = { code: "OUTCOME_UNKNOWN", detail: "" } as const;
    await t.ledger.settle(t.own(A), left, {
      to: "unknown",
      now: NOW + 30,
      token: left,
      failure: unknown,
      mayHaveLeft: true,
      wait: { kind: "due", at: NOW + 90_000 },
    });
    await t.sweep(NOW + 10_000);
    const [one, two, three, four, five] = await Promise.all(
      [left, behind, waiting, scheduled, direct.id].map((id) => t.ledger.findMessage(id)),
    );
    expect([one?.deviceId, one?.status]).toEqual([A, "unknown"]);
    expect([five?.deviceId, five?.status]).toEqual([A, "queued"]);
    expect(two).toMatchObject({ status: "queued", place: "backlog", version: 2 });
    expect(two?.deviceId).not.toBe(A);
    expect(three?.deviceId).not.toBe(A);
    expect(four).toMatchObject({ status: "scheduled", place: "due", deviceId: three?.deviceId });
    // It is sent there, once.
    await t.attempt(behind, two?.deviceId as DeviceId);
    const proof = { messageId: behind, proves: "sent", now: NOW + 40 } as const;
    await t.ledger.recordEvidence(two?.deviceId as DeviceId, proof);
    expect(await t.ledger.findMessage(behind)).toMatchObject({ status: "sent" });
    await t.ledger.serveDue(NOW + 60_000, 100);
    expect(await t.ledger.findMessage(scheduled)).toMatchObject({
      status: "queued",
      deviceId: three?.deviceId,
    });
  },
);

test("what was picked and not begun is given back too, and its job is a ghost", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(A, ANA, WARM);
  const id = await t.send(ANA);
  const fed = await t.feed(t.own(A), { pick: id });
  if (fed.kind !== "fed") throw new Error("not fed");
  await t.lose(A);
  expect(await t.sweep()).toBe(1);
  const job = { messageId: id, feed: fed.feed, token: "late", now: NOW, connectedSince: 0 };
  expect(await t.ledger.begin(t.own(A), job)).toEqual({ kind: "ghost" });
  expect(await t.ledger.window(A)).toEqual([]);
});

test("without another device everything waits, and goes as soon as one lives", async () => {
  await using t = await openPool();
  const ids = [await t.send(ANA), await t.send(BEN)];
  for (const id of [A, B, C])
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await t.lose(id);
  expect(await t.sweep()).toBe(0);
  await t.ledger.changeDevice(t.own(B), { state: "connected", now: NOW + 1_000 });
  await t.sweep(NOW + 60_000);
  expect(await Promise.all(ids.map((id) => t.deviceOf(id)))).toEqual([B, B]);
});

test("a new message does not overtake those that its lost device has yet to give back", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(A, ANA, WARM);
  const first = await t.send(ANA);
  await t.lose(A);
  const second = await t.send(ANA, { at: NOW + 1_000 });
  expect(await t.deviceOf(second)).toBe(A);
  expect(await t.sweep(NOW + 2_000)).toBe(2);
  const device = (await t.deviceOf(first)) as DeviceId;
  expect(await t.deviceOf(second)).toBe(device);
  const { candidates } = await t.ledger.peek(device, NOW + 3_000);
  expect(candidates.map(({ id }) => id)).toEqual([first, second]);
  expect(await t.deviceOf(await t.send(ANA, { at: NOW + 4_000 }))).toBe(device);
});

test("a device that is deleted gives back first; only what nobody else can send is canceled", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(A, ANA, WARM);
  const [left, pooled] = [await t.send(ANA), await t.send(ANA)];
  const direct = newMessage({ deviceId: A, recipient: ANA, at: NOW });
  await t.ledger.accept(direct);
  await t.attempt(left, A);
  expect(await t.ledger.removeDevice(A, NOW + 10)).toBe("more");
  expect(await t.ledger.removeDevice(A, NOW + 10)).toBe("waits");
  expect(await t.ledger.findPool(t.poolId)).toMatchObject({ devices: [B, C] });
  expect(await t.sweep()).toBe(1);
  let step = await t.ledger.removeDevice(A, NOW + 30);
  // oxlint-disable-next-line no-await-in-loop -- one step after the other
  while (step === "more") step = await t.ledger.removeDevice(A, NOW + 30);
  expect(step).toBe("done");
  const found = await Promise.all([left, pooled, direct.id].map((id) => t.ledger.findMessage(id)));
  expect(found.map((one) => one?.status)).toEqual(["failed", "queued", "canceled"]);
  expect([B, C]).toContain(found[1]?.deviceId);
  expect(await t.redis.keys("*:leaving:*")).toEqual([]);
  expect(await t.redis.zcard(t.keys.returns())).toBe(0);
});

test("a dead letter of a device that was deleted is sent again by another one of its pool", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(A, ANA, WARM);
  const ids = [await t.send(ANA), await t.send(ANA)] as const;
  const failure = { code: "SEND_FAILED", detail: "" } as const;
  for (const id of ids) {
    await t.attempt(id, A); // oxlint-disable-line no-await-in-loop -- one after the other
    const left = id === ids[0] ? {} : { mayHaveLeft: true };
    // oxlint-disable-next-line no-await-in-loop
    await t.ledger.settle(t.own(A), id, { to: "failed", now: NOW, token: id, failure, ...left });
  }
  await t.ledger.removeDevice(A, NOW + 10);
  await t.sweep();
  // Its recipient has got another device since.
  await t.ledger.warmUp(C, ANA, WARM);
  expect(await t.deviceOf(await t.send(ANA, { at: NOW + 1_000 }))).toBe(C);
  expect(await t.ledger.redrive(ids[0], NOW + 20)).toMatchObject({ kind: "redriven" });
  expect(await t.ledger.redrive(ids[1], NOW + 20)).toEqual({ kind: "no-device" });
  expect(await t.ledger.findMessage(ids[0])).toMatchObject({ status: "queued", deviceId: C });
  await t.attempt(ids[0], C);
});

test("the last device of a pool takes its messages with it", async () => {
  await using t = await openPool();
  await t.ledger.editPool(t.poolId, { devices: [A] }, NOW);
  const id = await t.send(ANA);
  await t.ledger.removeDevice(A, NOW + 10);
  await t.sweep();
  // oxlint-disable-next-line no-await-in-loop -- one step after the other
  while ((await t.ledger.removeDevice(A, NOW + 30)) === "more");
  expect(await t.ledger.findMessage(id)).toMatchObject({ status: "canceled", deviceId: A });
  expect(await t.ledger.chooseDevice(t.poolId, ANA, NOW + 60_000)).toBeUndefined();
});

test("a device that leaves the pool gives back what waits with it, and is chosen no more", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(A, ANA, WARM);
  const id = await t.send(ANA);
  await t.ledger.editPool(t.poolId, { devices: [B, C] }, NOW + 10);
  expect(await t.sweep()).toBe(1);
  const device = await t.deviceOf(id);
  expect([B, C]).toContain(device);
  expect(await t.deviceOf(await t.send(ANA, { at: NOW + 5_000 }))).toBe(device);
  expect(await t.redis.zcard(t.keys.returns())).toBe(0);
});

test("an acceptance that was chosen for a device that has left meanwhile goes to another", async () => {
  await using t = await openPool();
  await t.ledger.warmUp(A, ANA, WARM);
  const chosen = await t.ledger.chooseDevice(t.poolId, ANA, NOW);
  expect(chosen?.deviceId).toBe(A);
  await t.ledger.editPool(t.poolId, { devices: [B] }, NOW);
  const message = newMessage({ recipient: ANA, at: NOW, ...chosen });
  await t.ledger.accept(message);
  expect(await t.deviceOf(message.id)).toBe(B);
  await t.ledger.deletePool(t.poolId, NOW);
  const late = newMessage({ recipient: BEN, at: NOW, ...chosen });
  expect(await t.ledger.accept(late)).toEqual({ kind: "no-device" });
});

test("many messages are given back in bounded steps, in their order", async () => {
  await using t = await openPool();
  await t.ledger.editPool(t.poolId, { devices: [A] }, NOW);
  const ids: MessageId[] = [];
  for (let count = 0; count < 350; count += 1)
    // oxlint-disable-next-line no-await-in-loop -- their order is the point
    ids.push(await t.send(`55119${String(count % 50).padStart(8, "0")}`));
  await t.ledger.editPool(t.poolId, { devices: [A, B] }, NOW);
  await t.lose(A);
  expect(await t.sweep()).toBe(350);
  const { candidates } = await t.ledger.peek(B, NOW + 30, 1_000);
  expect(candidates.map(({ id }) => id)).toEqual(ids);
  expect(await t.redis.zcard(t.keys.pooled(A, t.poolId))).toBe(0);
  expect(await t.redis.zcard(t.keys.pooled(B, t.poolId))).toBe(350);
});

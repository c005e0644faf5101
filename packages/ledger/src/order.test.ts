import { type MessageId, pickNext } from "@pombo/domain";
import { expect, test } from "vitest";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;
/** Awake for one minute of the day only. */
const ASLEEP = { from: "00:01", to: "00:00", timezone: "UTC" } as const;
const HELD = { code: "ACCOUNT_RESTRICTED", detail: "nack 463" } as const;

type Bed = Awaited<ReturnType<typeof setup>>;

/** Feeds as a worker would, until nothing more can go; each pick is proved at once. */
async function drain(t: Bed, now = NOW): Promise<readonly string[]> {
  const sent: string[] = [];
  for (;;) {
    const view = await t.ledger.peek(DEVICE, now);
    const pick = pickNext(now, { ...view, open: true });
    const { gated, held, later } = pick.aside;
    if (pick.kind === "wait" && gated.length + held.length + later.length === 0) return sent;
    const at = { now, pace: view.pace, jitter: 0 };
    const order = { ...pick.aside, ...at };
    if (pick.kind === "wait") {
      await t.ledger.feed(t.own, order);
      continue;
    }
    const picked = { ...pick, id: pick.id as MessageId };
    expect((await t.ledger.feed(t.own, { ...order, pick: picked })).kind).toBe("fed");
    sent.push(pick.id);
    await t.ledger.recordEvidence(DEVICE, { messageId: picked.id, proves: "sent", now });
  }
}

async function acceptAll(t: Bed, messages: readonly ReturnType<typeof newMessage>[]) {
  for (const message of messages) await t.ledger.accept(message);
  return messages.map(({ id }) => id as string);
}

test("messages that fall due at once come back in the order of their acceptance, however many they are", async () => {
  await using t = await setup();
  const same = Array.from({ length: 40 }, () => newMessage({ sendAt: NOW + 100 }));
  const ids = await acceptAll(t, same);
  for (let served = 0; served < 40; served += await t.ledger.serveDue(NOW + 100, 7));
  expect(await drain(t, NOW + 100)).toEqual(ids);
});

test("a message that sleeps stands before the later ones of its recipient, not before others nor other classes", async () => {
  await using t = await setup();
  const [asleep, behind, other, urgent] = await acceptAll(t, [
    newMessage({ quietHours: ASLEEP }),
    newMessage(),
    newMessage({ recipient: "5511900000003" }),
    newMessage({ priority: "otp" }),
  ]);
  expect(await drain(t)).toEqual([urgent, other]);
  await t.ledger.changeDevice(t.own, { state: "connected", now: NOW });
  expect(await t.ledger.viewMessage(behind as MessageId, NOW)).toMatchObject({
    wait: { blockedBy: "order" },
  });
  const late = newMessage();
  await t.ledger.accept(late);
  expect(await drain(t)).toEqual([]);
  const awake = (await t.ledger.findMessage(asleep as MessageId))?.nextAt ?? 0;
  await t.ledger.serveDue(awake, 10);
  expect(await drain(t, awake)).toEqual([asleep, behind, late.id]);
  expect(await t.redis.keys("*:aside:*")).toEqual([]);
});

test("the one behind a sleeping message may go when that one is canceled", async () => {
  await using t = await setup();
  const [asleep, behind] = await acceptAll(t, [newMessage({ quietHours: ASLEEP }), newMessage()]);
  expect(await drain(t)).toEqual([]);
  await t.ledger.cancel(asleep as MessageId, NOW);
  expect(await drain(t)).toEqual([behind]);
});

test("an open lane does not feed past a message of the recipient that was set aside", async () => {
  await using t = await setup();
  await t.ledger.rememberRecipient("5511900000002", { lid: "1" });
  await t.ledger.warmUp(DEVICE, "5511900000002", Date.now() + 100_000_000);
  await acceptAll(t, [newMessage({ quietHours: ASLEEP })]);
  expect(await drain(t)).toEqual([]);
  expect(await t.ledger.openLane(t.own, NOW, t.pace)).toBe(true);
  expect(await t.ledger.accept(newMessage())).not.toHaveProperty("feed");
});

/** Restricts the account by a first message, which is held from then on with the others. */
async function restrict(t: Bed, recipient: string): Promise<MessageId> {
  const first = newMessage({ recipient });
  await t.ledger.accept(first);
  const fed = await t.feed(t.own, { pick: first.id });
  if (fed.kind !== "fed") throw new Error("not fed");
  await t.ledger.settle(t.own, first.id, {
    to: "queued",
    now: NOW,
    feed: fed.feed,
    failure: HELD,
    wait: { kind: "backlog" },
    holdUntil: NOW + 3_600_000,
  });
  return first.id;
}

test("a held message stands before the later ones of its recipient, and a trust token lets both go in order", async () => {
  await using t = await setup();
  await t.ledger.rememberRecipient("5511900000002", { lid: "77" });
  const other = await restrict(t, "5511900000009");
  const ids = await acceptAll(t, [newMessage(), newMessage()]);
  expect(await drain(t)).toEqual([]);
  await t.ledger.changeDevice(t.own, { state: "connected", now: NOW });
  expect(await t.ledger.viewMessage(ids[0] as MessageId, NOW)).toMatchObject({
    wait: { blockedBy: "account_hold" },
  });
  await t.ledger.trust(DEVICE, "77", Date.now() + 100_000_000);
  expect(await drain(t)).toEqual(ids);
  expect((await t.ledger.findMessage(other))?.place).toBe("held");
});

test("what was set aside for the cold budget goes first when its chat has become warm", async () => {
  await using t = await setup({ pace_cold_daily_cap: 1 });
  const [spent, cold] = await acceptAll(t, [
    newMessage({ recipient: "5511900000008" }),
    newMessage(),
  ]);
  expect(await drain(t)).toEqual([spent]);
  await t.ledger.changeDevice(t.own, { state: "connected", now: NOW });
  expect(await t.ledger.viewMessage(cold as MessageId, NOW)).toMatchObject({
    wait: { blockedBy: "budget" },
  });
  await t.ledger.warmUp(DEVICE, "5511900000002", Date.now() + 100_000_000);
  const reply = newMessage();
  await t.ledger.accept(reply);
  expect(await drain(t)).toEqual([cold, reply.id]);
});

test("a restriction, a rest and a spent day of the old number say nothing about a new one", async () => {
  await using t = await setup({ pace_daily_cap: 1 });
  const state = { state: "connected", now: NOW } as const;
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" });
  await restrict(t, "5511900000009");
  const old = newMessage({ recipient: "5511900000009" });
  await t.ledger.accept(old);
  expect(await drain(t)).toEqual([]);
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" });
  const fresh = newMessage({ recipient: "5511900000009" });
  await t.ledger.accept(fresh);
  expect(await drain(t)).toEqual([fresh.id]);
  expect(await t.ledger.viewMessage(old.id, NOW)).toMatchObject({
    wait: { blockedBy: "identity_changed" },
  });
});

test("a release brings along what was scheduled, asleep and behind a gate; a discard ends all of it", async () => {
  for (const what of ["release", "discard"] as const) {
    await using t = await setup();
    const state = { state: "connected", now: NOW } as const;
    await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" });
    const ids = await acceptAll(t, [
      newMessage({ sendAt: NOW + 86_400_000 }),
      newMessage({ quietHours: ASLEEP, recipient: "5511900000003" }),
      newMessage({ recipient: "5511900000003" }),
      newMessage({ recipient: "5511900000004" }),
    ]);
    const [scheduled, , , retried] = ids as MessageId[];
    const fed = await t.feed(t.own, { pick: retried as MessageId });
    if (fed.kind !== "fed") throw new Error("not fed");
    await t.ledger.settle(t.own, retried as MessageId, {
      to: "queued",
      now: NOW,
      feed: fed.feed,
      failure: { code: "SEND_FAILED", detail: "" },
      wait: { kind: "due", at: NOW + 10 },
      count: 1,
    });
    const behind = newMessage({ recipient: "5511900000004" });
    await t.ledger.accept(behind);
    expect(await drain(t)).toEqual([]);
    await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" });
    const at = { now: NOW, generation: 2 };
    expect(await t.ledger.moveGenerations(DEVICE, what, at)).toBe(5);
    if (what === "discard") {
      for (const id of [...ids, behind.id])
        expect((await t.ledger.findMessage(id as MessageId))?.status).toBe("canceled");
      continue;
    }
    expect((await t.ledger.findMessage(scheduled as MessageId))?.status).toBe("scheduled");
    await t.ledger.serveDue(NOW + 10, 10);
    expect(await drain(t, NOW + 10)).toEqual([retried, behind.id]);
    const awake = (await t.ledger.findMessage(ids[1] as MessageId))?.nextAt ?? 0;
    await t.ledger.serveDue(awake, 10);
    expect(await drain(t, awake)).toEqual(ids.slice(1, 3));
    await t.ledger.serveDue(NOW + 86_400_000, 10);
    expect(await drain(t, NOW + 86_400_000)).toEqual([scheduled]);
  }
});

test("a retry of the old number shuts no gate of the new one", async () => {
  await using t = await setup();
  const state = { state: "connected", now: NOW } as const;
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" });
  const old = newMessage();
  await t.ledger.accept(old);
  await t.begin(old.id, NOW);
  const failure = { code: "OUTCOME_UNKNOWN", detail: "" } as const;
  const wait = { kind: "due", at: NOW + 10 } as const;
  const left = { to: "unknown", now: NOW, token: "t1", failure, wait, mayHaveLeft: true } as const;
  await t.ledger.settle(t.own, old.id, left);
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" });
  const fresh = newMessage();
  await t.ledger.accept(fresh);
  expect(await drain(t)).toEqual([fresh.id]);
});

test("a one-time password does not take back the pick that a class was owed", async () => {
  await using t = await setup();
  const bulk = newMessage({ priority: "bulk" });
  await t.ledger.accept(bulk);
  const pick = { id: bulk.id, cold: false, probe: false, owed: true, passedOver: 0 };
  const order = { gated: [], held: [], later: [], now: NOW, pace: t.pace, jitter: 0, pick };
  expect((await t.ledger.feed(t.own, order)).kind).toBe("fed");
  await t.ledger.accept(newMessage({ priority: "otp", recipient: "5511900000003" }));
  expect((await t.ledger.findMessage(bulk.id))?.place).toBe("window");
});

test("behind a spent day a message says budget, and a lane without a pace tells what it measured", async () => {
  await using t = await setup({ pace_daily_cap: 4 });
  const ids: MessageId[] = [];
  for (let count = 0; count < 6; count += 1) {
    const message = newMessage({ recipient: `551190000001${count}` });
    await t.ledger.accept(message);
    ids.push(message.id);
  }
  await t.ledger.changeDevice(t.own, { state: "connected", now: NOW });
  const [first, second, third, fourth, fifth, last] = ids;
  for (const [index, pick] of [first, second].entries())
    await t.feed(t.own, { pick: pick as MessageId, now: NOW + index * 200 });
  const view = await t.ledger.viewMessage(last as MessageId, NOW + 200);
  expect(view?.wait).toMatchObject({ blockedBy: "pacing", eta: NOW + 200 + 3 * 200 });
  for (const pick of [third, fourth]) await t.feed(t.own, { pick: pick as MessageId });
  const day = 86_400_000;
  const tomorrow = (Math.floor(NOW / day) + 1) * day;
  expect((await t.ledger.viewMessage(fifth as MessageId, NOW + 200))?.wait).toMatchObject({
    blockedBy: "budget",
    eta: tomorrow,
  });
  expect((await t.ledger.reportLane(DEVICE, NOW + 200))?.blocked).toMatchObject({ by: "budget" });
});

test("a message that is not kept any more does not stop the lane", async () => {
  await using t = await setup();
  const [gone, next] = await acceptAll(t, [
    newMessage(),
    newMessage({ recipient: "5511900000003" }),
  ]);
  await t.redis.del(t.keys.message(gone ?? ""));
  expect(await drain(t)).toEqual([next]);
});

test("where a pace is set nothing is picked while another is in hand", async () => {
  await using t = await setup({ pace_gap_ms: 1_000 });
  await acceptAll(t, [newMessage(), newMessage({ recipient: "5511900000003" })]);
  const view = await t.ledger.peek(DEVICE, NOW);
  const first = view.candidates[0]?.id as MessageId;
  await t.feed(t.own, { pick: first });
  const later = await t.ledger.peek(DEVICE, NOW + 60_000);
  expect(pickNext(NOW + 60_000, { ...later, open: true })).toMatchObject({ why: "window" });
});

test("a chat that WhatsApp refused as cold is not warm by its token either", async () => {
  await using t = await setup();
  await t.ledger.rememberRecipient("5511900000009", { lid: "9" });
  await t.ledger.trust(DEVICE, "9", Date.now() + 100_000_000);
  await restrict(t, "5511900000009");
  expect(await drain(t)).toEqual([]);
});

test("a less urgent message does not wait for a more urgent one that stays behind a sleeping one", async () => {
  await using t = await setup();
  const [, , normal] = await acceptAll(t, [
    newMessage({ quietHours: ASLEEP, priority: "high" }),
    newMessage({ priority: "high" }),
    newMessage(),
  ]);
  expect(await drain(t)).toEqual([normal]);
});

test("two retries of one recipient, one of them released from the old number, don't lock each other out", async () => {
  await using t = await setup();
  const state = { state: "connected", now: NOW } as const;
  const retry = async (at: number) => {
    const message = newMessage();
    await t.ledger.accept(message);
    const fed = await t.feed(t.own, { pick: message.id });
    if (fed.kind !== "fed") throw new Error("not fed");
    await t.ledger.settle(t.own, message.id, {
      to: "queued",
      now: NOW,
      feed: fed.feed,
      failure: { code: "SEND_FAILED", detail: "" },
      wait: { kind: "due", at },
      count: 1,
    });
    return message.id;
  };
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" });
  const old = await retry(NOW + 10);
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" });
  const fresh = await retry(NOW + 20);
  await t.ledger.moveGenerations(DEVICE, "release", { now: NOW, generation: 2 });
  await t.ledger.serveDue(NOW + 10, 10);
  expect(await drain(t, NOW + 10)).toEqual([]);
  await t.ledger.serveDue(NOW + 20, 10);
  expect((await drain(t, NOW + 20)).toSorted()).toEqual([old, fresh].toSorted());
});

test("a worker whose clock is ahead brings nothing back before its time", async () => {
  await using t = await setup();
  const now = Date.now();
  const [later] = await acceptAll(t, [newMessage({ at: now, sendAt: now + 1_800_000 })]);
  expect(await t.ledger.serveDue(now + 3_600_000, 10)).toBe(0);
  expect((await t.ledger.findMessage(later as MessageId))?.status).toBe("scheduled");
});

test("a release brings along what waits behind a message that may have left under the old number", async () => {
  await using t = await setup();
  const state = { state: "connected", now: NOW } as const;
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" });
  const [lost, behind] = (await acceptAll(t, [newMessage(), newMessage()])) as MessageId[];
  if (lost === undefined) throw new Error("none");
  await t.begin(lost, NOW);
  await t.ledger.settle(t.own, lost, {
    to: "unknown",
    now: NOW,
    token: "t1",
    failure: { code: "OUTCOME_UNKNOWN", detail: "" },
    wait: { kind: "due", at: NOW + 10 },
    mayHaveLeft: true,
  });
  expect(await drain(t)).toEqual([]);
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" });
  expect(await t.ledger.moveGenerations(DEVICE, "release", { now: NOW, generation: 2 })).toBe(1);
  expect(await drain(t)).toEqual([behind]);
});

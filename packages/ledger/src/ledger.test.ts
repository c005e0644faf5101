import type { MessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;

test("an accepted message is there with its event and its place, and a repeat changes nothing", async () => {
  await using t = await setup();
  const message = newMessage({ clientRef: "order-1", metadata: { a: [1] } });
  expect(await t.ledger.accept(message)).toEqual({ kind: "accepted", messageId: message.id });
  expect(await t.ledger.accept(message)).toEqual({ kind: "accepted", messageId: message.id });
  const found = await t.ledger.findMessage(message.id);
  expect(found).toMatchObject({
    status: "queued",
    version: 1,
    place: "backlog",
    content: { kind: "text", text: "hello" },
    clientRef: "order-1",
    metadata: { a: [1] },
    timeline: [{ status: "queued", at: NOW }],
  });
  expect(await t.events(message.id)).toEqual(["message.queued"]);
});

test("a message for a device that does not exist is refused and leaves nothing", async () => {
  await using t = await setup();
  const message = newMessage({ deviceId: "dev_00000000000000ff" as never });
  expect(await t.ledger.accept(message)).toEqual({ kind: "no-device" });
  expect(await t.ledger.findMessage(message.id)).toBeUndefined();
});

test("an idempotency key is claimed once, resumed with its id after its time, and answered from then on", async () => {
  await using t = await setup();
  const first = newMessage();
  const second = newMessage();
  const ask = (token: string, id: MessageId, now: number) =>
    t.ledger.claim({ digest: "d1", token }, { fingerprint: "f", messageId: id, now });
  expect(await ask("a", first.id, NOW)).toEqual({ kind: "claimed", messageId: first.id });
  expect(await ask("b", second.id, NOW + 1)).toMatchObject({ kind: "in-progress" });
  expect(await ask("c", second.id, NOW + 5_001)).toEqual({ kind: "claimed", messageId: first.id });
  const lost = { digest: "d1", token: "a", fingerprint: "f" };
  expect(await t.ledger.accept(first, lost)).toMatchObject({ kind: "in-progress" });
  expect(await t.ledger.findMessage(first.id)).toBeUndefined();
  const mine = { digest: "d1", token: "c", fingerprint: "f" };
  expect(await t.ledger.accept(first, mine)).toEqual({ kind: "accepted", messageId: first.id });
  expect(await t.ledger.accept(second, lost)).toEqual({ kind: "joined", messageId: first.id });
  expect(await ask("d", second.id, NOW + 6_000)).toEqual({ kind: "accepted", messageId: first.id });
  const answer = { status: 202, headers: {}, body: "{}" };
  expect(await t.ledger.storeAnswer("d1", first.id, answer)).toEqual(answer);
  const later = { status: 200, headers: {}, body: "no" };
  expect(await t.ledger.storeAnswer("d1", first.id, later)).toEqual(answer);
  expect(await ask("e", second.id, NOW + 6_001)).toMatchObject({ kind: "accepted", answer });
  const other = { fingerprint: "g", messageId: second.id, now: NOW + 6_002 };
  expect(await t.ledger.claim({ digest: "d1", token: "f" }, other)).toEqual({ kind: "reused" });
});

test("an acceptance makes its own claim, with the answer that is kept", async () => {
  await using t = await setup();
  const [first, second, third] = [newMessage(), newMessage(), newMessage()];
  const answer = { status: 202, headers: {}, body: first.id };
  const claim = { digest: "d2", token: "a", fingerprint: "f", answer };
  const accepted = { kind: "accepted", messageId: first.id };
  const other = { ...claim, token: "b" };
  const replies = await Promise.all([
    t.ledger.accept(first, claim),
    t.ledger.accept(first, claim), // the same command, sent again
    t.ledger.accept(second, other),
    t.ledger.accept(third, { ...other, fingerprint: "g" }),
    t.ledger.accept(third),
  ]);
  expect(replies).toEqual([
    accepted,
    accepted,
    { kind: "joined", messageId: first.id, answer },
    { kind: "reused" },
    { kind: "accepted", messageId: third.id },
  ]);
  expect(await t.ledger.findMessage(second.id)).toBeUndefined();
});

test("an acceptance resumes the claim of a request that ended before it, under the id of that one", async () => {
  await using t = await setup();
  const [first, second] = [newMessage(), newMessage()];
  const dead = { fingerprint: "f", messageId: first.id, now: NOW - 60_000 };
  await t.ledger.claim({ digest: "d3", token: "a" }, dead);
  const answer = { status: 202, headers: {}, body: second.id };
  const claim = { digest: "d3", token: "b", fingerprint: "f", answer };
  expect(await t.ledger.accept(second, claim)).toEqual({ kind: "accepted", messageId: first.id });
  expect(await t.ledger.findMessage(second.id)).toBeUndefined();
  // The answer that was given names another message.
  const repeat = await t.ledger.accept(newMessage(), { ...claim, token: "c" });
  expect(repeat).toEqual({ kind: "joined", messageId: first.id });
  expect(await t.ledger.withdraw(second.id, { claim, now: NOW })).toEqual({ kind: "closed" });
  expect((await t.ledger.findMessage(first.id))?.status).toBe("canceled");
});

test("what was withdrawn before its acceptance came does not resume an earlier claim either", async () => {
  await using t = await setup();
  const [first, second] = [newMessage(), newMessage()];
  const dead = { fingerprint: "f", messageId: first.id, now: NOW - 60_000 };
  await t.ledger.claim({ digest: "d4", token: "a" }, dead);
  const claim = { digest: "d4", token: "b", fingerprint: "f" };
  expect(await t.ledger.withdraw(second.id, { claim, now: NOW })).toEqual({ kind: "closed" });
  await t.ledger.accept(second, claim); // on its way for long
  expect(await t.ledger.findMessage(first.id)).toBeUndefined();
  expect(await t.ledger.findMessage(second.id)).toBeUndefined();
  const third = newMessage();
  const again = await t.ledger.accept(third, { ...claim, token: "c" });
  expect(again).toEqual({ kind: "accepted", messageId: first.id });
});

test("one acceptance that breaks leaves those beside it alone", async () => {
  await using t = await setup();
  const [broken, fine] = [newMessage(), newMessage()];
  await t.redis.set(t.keys.message(broken.id), "not a hash");
  const [first, second] = await Promise.allSettled([
    t.ledger.accept(broken),
    t.ledger.accept(fine),
  ]);
  expect(first.status === "rejected" ? String(first.reason) : first.status).toContain("WRONGTYPE");
  expect(second).toMatchObject({ value: { kind: "accepted", messageId: fine.id } });
});

test.each(["outbox", "backlog", "due", "events"] as const)(
  "an acceptance that breaks at the %s leaves nothing of its message, and its key is free",
  async (where) => {
    await using t = await setup();
    await t.ledger.changeDevice(t.own, { state: "connected", now: NOW });
    const keys = {
      outbox: t.keys.outbox(DEVICE),
      backlog: t.keys.backlog(DEVICE, "1", "normal"),
      due: t.keys.due(),
      events: t.keys.events(),
    };
    const before = (await t.redis.keys("*")).toSorted();
    const kept = await t.redis.exists(keys[where]);
    if (kept === 1) await t.redis.rename(keys[where], "{pombo:c0}:kept");
    await t.redis.set(keys[where], "of another type");
    const message = newMessage(where === "due" ? { expiresAt: NOW + 9_000 } : {});
    const claim = { digest: "d9", token: "a", fingerprint: "f" };
    await expect(t.ledger.accept(message, claim)).rejects.toThrow("WRONGTYPE");
    expect(await t.ledger.findMessage(message.id)).toBeUndefined();
    await t.redis.del(keys[where]);
    if (kept === 1) await t.redis.rename("{pombo:c0}:kept", keys[where]);
    const after = (await t.redis.keys("*")).filter((key) => key !== t.keys.sequence());
    expect(after.toSorted()).toEqual(before);
    const next = newMessage();
    const other = { ...claim, token: "b", fingerprint: "g" };
    expect(await t.ledger.accept(next, other)).toMatchObject({ messageId: next.id });
  },
);

test("without room in Redis nothing of an acceptance is written, whatever came together with it", async () => {
  await using t = await setup();
  const claim = { token: "a", fingerprint: "f" };
  const [first, second] = [newMessage(), newMessage()];
  await t.ledger.accept(newMessage());
  const before = (await t.redis.keys("*")).toSorted();
  await t.redis.config("SET", "maxmemory", "1");
  const accept = () =>
    Promise.allSettled([
      t.ledger.accept(first, { ...claim, digest: "d1" }),
      t.ledger.accept(second, { ...claim, digest: "d2" }),
    ]);
  for (const refused of await accept())
    expect(refused).toMatchObject({ reason: { message: expect.stringMatching(/^OOM /) } });
  await t.redis.config("SET", "maxmemory", "0");
  expect((await t.redis.keys("*")).toSorted()).toEqual(before);
  expect((await accept()).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
});

test("an attempt needs the window entry, the feed number and the epoch", async () => {
  await using t = await setup();
  const message = newMessage();
  await t.ledger.accept(message);
  const { begun, fed } = await t.begin(message.id);
  expect(begun).toMatchObject({ kind: "go", number: 1, content: { kind: "text", text: "hello" } });
  const job = { messageId: message.id, feed: fed.feed, token: "t2", now: NOW, connectedSince: 0 };
  expect(await t.ledger.begin(t.own, job)).toEqual({ kind: "ghost" });
  expect(await t.ledger.begin(t.own, { ...job, token: "t1" })).toMatchObject({
    kind: "go",
    number: 1,
  });
  expect(await t.ledger.begin(t.own, { ...job, feed: 9 })).toEqual({ kind: "ghost" });
  expect(await t.ledger.begin({ ...t.own, epoch: 7 }, job)).toEqual({ kind: "fenced" });
});

test("an unknown recipient is looked up before the attempt, an absent one never gets it", async () => {
  await using t = await setup();
  const message = newMessage({ recipient: "5511900000009" });
  await t.ledger.accept(message);
  const fed = await t.feed(t.own, { pick: message.id, gated: [], held: [], now: NOW });
  if (fed.kind !== "fed") throw new Error("not fed");
  const job = { messageId: message.id, feed: fed.feed, token: "t", now: NOW, connectedSince: 0 };
  expect(await t.ledger.begin(t.own, job)).toMatchObject({
    kind: "check",
    recipient: "5511900000009",
  });
  await t.ledger.rememberRecipient("5511900000009", undefined);
  expect(await t.ledger.begin(t.own, job)).toMatchObject({ kind: "absent", number: 0 });
  expect((await t.ledger.findMessage(message.id))?.status).toBe("queued");
});

test("evidence moves only forward, and a late ack is recorded without changing the status", async () => {
  await using t = await setup();
  const message = newMessage();
  await t.ledger.accept(message);
  await t.begin(message.id);
  const prove = (proves: "sent" | "delivered" | "read") =>
    t.ledger.recordEvidence(DEVICE, { messageId: message.id, proves, now: NOW + 5 });
  expect(await prove("delivered")).toMatchObject({ kind: "settled" });
  expect(await prove("delivered")).toEqual({ kind: "refused", status: "delivered" });
  expect(await prove("sent")).toEqual({ kind: "recorded", status: "delivered" });
  expect(await prove("sent")).toEqual({ kind: "refused", status: "delivered" });
  expect(await prove("read")).toMatchObject({ kind: "settled" });
  expect((await t.ledger.findMessage(message.id))?.timeline.map(({ status }) => status)).toEqual([
    "queued",
    "sending",
    "delivered",
    "sent",
    "read",
  ]);
  expect(await t.events(message.id)).toEqual([
    "message.queued",
    "message.sending",
    "message.delivered",
    "message.read",
  ]);
});

test("only a failure with an unknown outcome is reopened by evidence", async () => {
  await using t = await setup();
  for (const [code, kind] of [
    ["OUTCOME_UNKNOWN", "settled"],
    ["SEND_REJECTED", "recorded"],
  ] as const) {
    const message = newMessage();
    await t.ledger.accept(message);
    await t.begin(message.id);
    const failure = { code, detail: "" };
    const settled = await t.ledger.settle(t.own, message.id, {
      to: "failed",
      now: NOW,
      token: "t1",
      failure,
    });
    expect(settled.kind).toBe("settled");
    const evidence = { messageId: message.id, proves: "delivered", now: NOW } as const;
    expect((await t.ledger.recordEvidence(DEVICE, evidence)).kind).toBe(kind);
  }
});

test("a stale owner can neither settle nor feed nor write credentials", async () => {
  await using t = await setup();
  const message = newMessage();
  await t.ledger.accept(message);
  await t.begin(message.id);
  const stale = { ...t.own, epoch: t.own.epoch + 1 };
  const outcome = { to: "queued", now: NOW, wait: { kind: "backlog" } } as const;
  expect(await t.ledger.settle(stale, message.id, outcome)).toEqual({ kind: "fenced" });
  expect(await t.feed(stale, { pick: message.id, gated: [], held: [], now: NOW })).toEqual({
    kind: "fenced",
  });
  const changes = { set: new Map([["creds", Buffer.from([0, 255])]]), remove: [] };
  expect(await t.ledger.credentials(stale).write(changes)).toBe("stale");
  expect(await t.ledger.credentials(t.own).write(changes)).toBe("written");
  expect(await t.ledger.credentials(t.own).load()).toEqual(changes.set);
});

test("a recipient's later messages wait behind an unsettled one and come in order", async () => {
  await using t = await setup();
  const [first, second, third] = [newMessage(), newMessage(), newMessage()];
  for (const message of [first, second, third]) await t.ledger.accept(message);
  await t.begin(first.id);
  const lane = await t.ledger.peek(DEVICE, NOW);
  expect(lane.candidates.map(({ id, gated }) => [id, gated])).toEqual([
    [second.id, true],
    [third.id, true],
  ]);
  const gated = lane.candidates.map(({ id }) => id);
  expect(await t.feed(t.own, { gated, held: [], now: NOW })).toEqual({ kind: "aside" });
  expect((await t.ledger.peek(DEVICE, NOW)).candidates).toEqual([]);
  await t.ledger.recordEvidence(DEVICE, { messageId: first.id, proves: "sent", now: NOW });
  expect((await t.ledger.peek(DEVICE, NOW)).candidates.map(({ id }) => id)).toEqual([second.id]);
  await t.begin(second.id);
  await t.ledger.recordEvidence(DEVICE, { messageId: second.id, proves: "sent", now: NOW });
  expect((await t.ledger.peek(DEVICE, NOW)).candidates.map(({ id }) => id)).toEqual([third.id]);
});

test("a retry keeps its place and its gate, also when a more urgent message of the recipient waits", async () => {
  await using t = await setup();
  const first = newMessage();
  const urgent = newMessage({ priority: "otp" });
  await t.ledger.accept(first);
  await t.begin(first.id);
  const failure = { code: "SEND_FAILED", detail: "nack 500" } as const;
  const wait = { kind: "due", at: NOW + 50 } as const;
  await t.ledger.settle(t.own, first.id, { to: "queued", now: NOW, token: "t1", failure, wait });
  await t.ledger.accept(urgent);
  const lane = await t.ledger.peek(DEVICE, NOW);
  expect(lane.candidates).toMatchObject([{ id: urgent.id, gated: true }]);
  await t.feed(t.own, { gated: [urgent.id], held: [], now: NOW });
  expect(await t.ledger.serveDue(NOW + 49, 10)).toBe(0);
  expect(await t.ledger.serveDue(NOW + 50, 10)).toBe(1);
  expect((await t.ledger.peek(DEVICE, NOW)).candidates).toMatchObject([
    { id: first.id, gated: false },
  ]);
});

test("the fast path feeds only an open lane with a known, warm recipient", async () => {
  await using t = await setup();
  const warm = async () => {
    await t.ledger.rememberRecipient("5511900000002", { lid: "1" });
    await t.ledger.warmUp(DEVICE, "5511900000002", NOW + 1_000);
  };
  expect(await t.ledger.openLane(t.own, NOW, t.pace)).toBe(true);
  expect(await t.ledger.accept(newMessage())).toMatchObject({ kind: "accepted" });
  expect(await t.ledger.openLane(t.own, NOW, t.pace)).toBe(false);
  await t.redis.flushall();
  await t.ledger.createDevice({ id: DEVICE, name: "one", keyId: "key_1", at: 1 });
  const own = await t.ledger.take(DEVICE, "worker-1");
  if (own === undefined) throw new Error("no lease");
  await warm();
  expect(
    await t.ledger.accept(newMessage({ id: "3EB0000000000000000001" as MessageId })),
  ).toMatchObject({
    kind: "accepted",
  });
  await t.redis.del(t.keys.backlog(DEVICE, "1", "normal"));
  expect(await t.ledger.openLane(own, NOW, t.pace)).toBe(true);
  const fast = newMessage();
  expect(await t.ledger.accept(fast)).toEqual({ kind: "accepted", messageId: fast.id, feed: 1 });
  expect(await t.ledger.accept(fast)).toEqual({ kind: "accepted", messageId: fast.id, feed: 1 });
  expect(await t.ledger.accept(newMessage())).toMatchObject({ kind: "accepted" });
  const job = { messageId: fast.id, feed: 1, token: "t", now: NOW, connectedSince: 0 };
  expect(await t.ledger.begin(own, job)).toMatchObject({ kind: "go" });
});

test("a take-over returns what was picked and marks what was under way as unknown", async () => {
  await using t = await setup();
  const [sending, picked] = [newMessage(), newMessage({ recipient: "5511900000003" })];
  await t.ledger.accept(sending);
  await t.ledger.accept(picked);
  await t.begin(sending.id);
  await t.feed(t.own, { pick: picked.id, gated: [], held: [], now: NOW });
  await t.ledger.drop("worker-1", t.own);
  const next = await t.ledger.take(DEVICE, "worker-2");
  if (next === undefined) throw new Error("no lease");
  expect(next.epoch).toBe(t.own.epoch + 1);
  const times = { now: NOW + 10, due: NOW + 20 };
  expect(await t.ledger.takeOver(next, times)).toEqual({ returned: 1, unknown: 1, poisoned: 0 });
  expect(await t.ledger.takeOver(t.own, times)).toBeUndefined();
  expect(await t.ledger.findMessage(sending.id)).toMatchObject({
    status: "unknown",
    mayHaveLeft: true,
    nextAt: NOW + 20,
    lastError: { code: "OUTCOME_UNKNOWN" },
  });
  expect(await t.ledger.findMessage(picked.id)).toMatchObject({
    status: "queued",
    place: "backlog",
  });
  expect(await t.ledger.serveDue(NOW + 20, 10)).toBe(1);
  const fed = await t.feed(next, { pick: sending.id, gated: [], held: [], now: NOW });
  if (fed.kind !== "fed") throw new Error("not fed");
  const begun = await t.ledger.begin(next, {
    messageId: sending.id,
    feed: fed.feed,
    token: "t9",
    now: NOW,
    connectedSince: 0,
  });
  expect(begun).toMatchObject({ kind: "go", number: 2, rounds: 1, mayHaveLeft: true });
});

test("another phone number begins a generation, and the old backlog waits", async () => {
  await using t = await setup();
  const state = { state: "connected", now: NOW } as const;
  expect(await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" })).toBe(1);
  const old = newMessage();
  await t.ledger.accept(old);
  expect(await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" })).toBe(2);
  expect((await t.ledger.peek(DEVICE, NOW)).candidates).toEqual([]);
  expect(await t.ledger.viewMessage(old.id, NOW)).toMatchObject({
    wait: { blockedBy: "identity_changed" },
  });
});

test("cold messages are set aside while an account is held, and come back when the hold ends", async () => {
  await using t = await setup();
  const [probe, cold] = [newMessage(), newMessage({ recipient: "5511900000003" })];
  await t.ledger.accept(probe);
  await t.ledger.accept(cold);
  await t.begin(probe.id);
  await t.ledger.settle(t.own, probe.id, {
    to: "queued",
    now: NOW,
    token: "t1",
    failure: { code: "ACCOUNT_RESTRICTED", detail: "nack 463" },
    wait: { kind: "backlog" },
    taken: { hold: 1 },
    holdUntil: NOW + 100,
  });
  await t.ledger.changeDevice(t.own, { state: "connected", now: NOW });
  const held = (await t.ledger.peek(DEVICE, NOW)).candidates.map(({ id }) => id);
  expect(held).toEqual([probe.id, cold.id]);
  await t.feed(t.own, { gated: [], held, now: NOW });
  expect(await t.ledger.viewMessage(cold.id, NOW)).toMatchObject({
    wait: { blockedBy: "account_hold", eta: NOW + 100 },
  });
  expect((await t.ledger.peek(DEVICE, NOW)).candidates).toEqual([]);
  // Its time has come: one message at a time probes, and evidence for it frees the others.
  const back = (await t.ledger.peek(DEVICE, NOW + 100)).candidates.map(({ id }) => id);
  expect(back).toEqual([probe.id]);
  const pick = { id: probe.id, cold: true, probe: true, owed: false, passedOver: 0 };
  const order = { gated: [], held: [], later: [], now: NOW + 100, pace: t.pace, jitter: 0, pick };
  const fed = await t.ledger.feed(t.own, order);
  if (fed.kind !== "fed") throw new Error("not fed");
  expect(await t.ledger.peek(DEVICE, NOW + 100)).toMatchObject({
    hold: { probing: true },
    candidates: [],
  });
  const job = {
    messageId: probe.id,
    feed: fed.feed,
    token: "t2",
    now: NOW + 100,
    connectedSince: 0,
  };
  expect((await t.ledger.begin(t.own, job)).kind).toBe("go");
  await t.ledger.recordEvidence(DEVICE, { messageId: probe.id, proves: "sent", now: NOW + 101 });
  const free = await t.ledger.peek(DEVICE, NOW + 101);
  expect(free.hold).toBeUndefined();
  expect(free.candidates.map(({ id }) => id)).toEqual([cold.id]);
});

test("a scheduled message is queued in its time, with the next sequence, and an expired one ends", async () => {
  await using t = await setup();
  const later = newMessage({ sendAt: NOW + 100 });
  const doomed = newMessage({ expiresAt: NOW + 50, recipient: "5511900000003" });
  await t.ledger.accept(later);
  await t.ledger.accept(doomed);
  expect(await t.ledger.viewMessage(later.id, NOW)).toMatchObject({
    message: { status: "scheduled" },
    wait: { blockedBy: "scheduled", eta: NOW + 100 },
  });
  expect(await t.ledger.serveDue(NOW + 99, 10)).toBe(1);
  expect(await t.ledger.findMessage(doomed.id)).toMatchObject({ status: "expired", place: "" });
  expect(await t.ledger.serveDue(NOW + 100, 10)).toBe(1);
  expect(await t.ledger.findMessage(later.id)).toMatchObject({
    status: "queued",
    place: "backlog",
    sequence: 3,
  });
  expect(await t.events(later.id)).toEqual(["message.scheduled", "message.queued"]);
});

test("what may have left neither expires nor is canceled", async () => {
  await using t = await setup();
  const message = newMessage({ expiresAt: NOW + 50 });
  await t.ledger.accept(message);
  await t.begin(message.id, NOW);
  const wait = { kind: "due", at: NOW + 1_000 } as const;
  const failure = { code: "OUTCOME_UNKNOWN", detail: "" } as const;
  const outcome = {
    to: "unknown",
    now: NOW,
    token: "t1",
    failure,
    wait,
    mayHaveLeft: true,
  } as const;
  expect((await t.ledger.settle(t.own, message.id, outcome)).kind).toBe("settled");
  await t.ledger.serveDue(NOW + 60, 10);
  expect(await t.ledger.cancel(message.id, NOW)).toEqual({ kind: "refused", status: "unknown" });
  expect((await t.ledger.findMessage(message.id))?.status).toBe("unknown");
});

test("a canceled message leaves its place, and its job becomes a ghost", async () => {
  await using t = await setup();
  const message = newMessage();
  await t.ledger.accept(message);
  const fed = await t.feed(t.own, { pick: message.id });
  if (fed.kind !== "fed") throw new Error("not fed");
  expect(await t.ledger.cancel(message.id, NOW)).toMatchObject({ kind: "canceled" });
  const job = { messageId: message.id, feed: fed.feed, token: "t", now: NOW, connectedSince: 0 };
  expect(await t.ledger.begin(t.own, job)).toEqual({ kind: "ghost" });
  expect(await t.ledger.cancel(message.id, NOW + 1)).toEqual({
    kind: "refused",
    status: "canceled",
  });
});

test("a pause takes back what is picked, and a resume lets it go", async () => {
  await using t = await setup();
  const message = newMessage();
  await t.ledger.accept(message);
  await t.feed(t.own, { pick: message.id });
  expect(await t.ledger.pauseLane(DEVICE, true, { now: NOW })).toBe(true);
  expect(await t.ledger.pauseLane(DEVICE, true, { now: NOW })).toBe(false);
  expect(await t.ledger.peek(DEVICE, NOW)).toMatchObject({
    paused: true,
    windowUsed: 0,
    candidates: [{ id: message.id }],
  });
  expect(await t.ledger.pauseLane(DEVICE, false, { now: NOW })).toBe(true);
  expect((await t.ledger.peek(DEVICE, NOW)).paused).toBe(false);
});

test("a dead letter is redriven once, under its id; edited only when it has not left", async () => {
  await using t = await setup();
  for (const mayHaveLeft of [false, true]) {
    const message = newMessage();
    await t.ledger.accept(message);
    await t.begin(message.id);
    const code = mayHaveLeft ? "OUTCOME_UNKNOWN" : "SEND_REJECTED";
    const failure = { code, detail: "" } as const;
    await t.ledger.settle(t.own, message.id, {
      to: "failed",
      now: NOW,
      token: "t1",
      failure,
      mayHaveLeft,
    });
    expect((await t.ledger.letterIds({ limit: 10 })).map(({ id }) => id)).toEqual([message.id]);
    const edited = { kind: "text", text: "better" } as const;
    if (mayHaveLeft)
      expect(await t.ledger.redrive(message.id, NOW, edited)).toEqual({ kind: "possible" });
    const redriven = await t.ledger.redrive(message.id, NOW, mayHaveLeft ? undefined : edited);
    expect(redriven.kind).toBe("redriven");
    expect((await t.ledger.redrive(message.id, NOW + 1)).kind).toBe("not-a-letter");
    expect(await t.ledger.letterIds({ limit: 10 })).toEqual([]);
    expect(await t.ledger.findMessage(message.id)).toMatchObject(
      mayHaveLeft
        ? { status: "unknown", place: "due", content: { kind: "text", text: "hello" } }
        : { status: "queued", place: "backlog", content: edited, attempts: 0 },
    );
    await t.ledger.recordEvidence(DEVICE, { messageId: message.id, proves: "sent", now: NOW });
  }
});

test("a message that ends its worker again and again runs alone, then it is poisoned; a neighbour is spared", async () => {
  await using t = await setup();
  const message = newMessage();
  await t.ledger.accept(message);
  let own = t.own;
  for (let death = 1; death <= 3; death += 1) {
    await t.ledger.serveDue(NOW + death * 100, 10);
    const fed = await t.feed(own, { pick: message.id });
    if (fed.kind !== "fed") throw new Error(`not fed: ${fed.kind}`);
    await t.ledger.rememberRecipient(message.recipient, {});
    const job = {
      messageId: message.id,
      feed: fed.feed,
      token: `t${death}`,
      now: NOW,
      connectedSince: 0,
    };
    const begun = await t.ledger.begin(own, job);
    expect(begun.kind).toBe(death > 2 ? "alone" : "go");
    if (begun.kind === "alone")
      expect((await t.ledger.begin(own, { ...job, alone: true })).kind).toBe("go");
    await t.ledger.drop("worker-1", own);
    const next = await t.ledger.take(DEVICE, "worker-1");
    if (next === undefined) throw new Error("no lease");
    own = next;
    const found = await t.ledger.takeOver(own, { now: NOW, due: NOW + death * 100 });
    expect(found).toMatchObject(
      death < 3 ? { unknown: 1, poisoned: 0 } : { unknown: 0, poisoned: 1 },
    );
  }
  expect(await t.ledger.findMessage(message.id)).toMatchObject({
    status: "failed",
    mayHaveLeft: true,
    lastError: { code: "POISONED" },
  });
});

test("the old backlog of a replaced number is released or discarded by the user", async () => {
  await using t = await setup();
  const state = { state: "connected", now: NOW } as const;
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" });
  const [kept, dropped] = [newMessage(), newMessage()];
  await t.ledger.accept(kept);
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" });
  expect(await t.ledger.moveGenerations(DEVICE, "release", { now: NOW, generation: 2 })).toBe(1);
  expect((await t.ledger.peek(DEVICE, NOW)).candidates).toMatchObject([{ id: kept.id }]);
  await t.ledger.accept(dropped);
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000009" });
  expect(await t.ledger.moveGenerations(DEVICE, "discard", { now: NOW, generation: 3 })).toBe(2);
  expect((await t.ledger.findMessage(dropped.id))?.status).toBe("canceled");
});

test("a paced lane refuses singles that would wait too long, and takes them again later", async () => {
  await using t = await setup({ queue_time_ms: 3_000, pace_gap_ms: 1_000 });
  await t.ledger.openLane(t.own, NOW, t.pace);
  for (let count = 0; count < 3; count += 1)
    expect(await t.ledger.accept(newMessage())).toMatchObject({ kind: "accepted" });
  expect(await t.ledger.accept(newMessage())).toEqual({ kind: "full", retryAfterMs: 1_000 });
  expect((await t.ledger.accept(newMessage({ priority: "bulk" }))).kind).toBe("accepted");
});

test("a one-time password takes back what is only picked", async () => {
  await using t = await setup();
  const bulk = newMessage({ priority: "bulk" });
  await t.ledger.accept(bulk);
  await t.feed(t.own, { pick: bulk.id });
  const otp = newMessage({ priority: "otp", recipient: "5511900000003" });
  await t.ledger.accept(otp);
  const lane = await t.ledger.peek(DEVICE, NOW);
  expect(lane.windowUsed).toBe(0);
  expect(lane.candidates.map(({ id }) => id)).toEqual([otp.id, bulk.id]);
});

test("two redriven unknowns of one recipient don't lock each other out", async () => {
  await using t = await setup();
  const ids: MessageId[] = [];
  for (let count = 0; count < 2; count += 1) {
    const message = newMessage();
    ids.push(message.id);
    await t.ledger.accept(message);
    await t.begin(message.id);
    const failure = { code: "OUTCOME_UNKNOWN", detail: "" } as const;
    await t.ledger.settle(t.own, message.id, {
      to: "failed",
      now: NOW,
      token: "t1",
      failure,
      mayHaveLeft: true,
    });
  }
  for (const id of ids) expect((await t.ledger.redrive(id, NOW)).kind).toBe("redriven");
  expect(await t.ledger.serveDue(NOW, 10)).toBe(2);
  const sent: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    const { candidates } = await t.ledger.peek(DEVICE, NOW);
    const gated = candidates.filter((one) => one.gated).map(({ id }) => id);
    const free = candidates.find((one) => !one.gated);
    if (free === undefined) {
      await t.feed(t.own, { gated });
      continue;
    }
    await t.begin(free.id as MessageId, NOW);
    await t.ledger.recordEvidence(DEVICE, {
      messageId: free.id as MessageId,
      proves: "sent",
      now: NOW,
    });
    sent.push(free.id);
  }
  expect(sent).toEqual(ids);
});

test("what waits under an old number stands before nobody", async () => {
  await using t = await setup();
  const state = { state: "connected", now: NOW } as const;
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" });
  const old = [newMessage(), newMessage(), newMessage()];
  for (const message of old) await t.ledger.accept(message);
  await t.feed(t.own, { pick: old[0]?.id ?? ("" as MessageId) });
  await t.feed(t.own, { gated: old.slice(1).map(({ id }) => id) });
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" });
  const fresh = newMessage();
  await t.ledger.accept(fresh);
  const gated = (await t.ledger.peek(DEVICE, NOW)).candidates
    .filter((one) => one.gated)
    .map(({ id }) => id);
  await t.feed(t.own, { gated });
  expect((await t.ledger.peek(DEVICE, NOW)).candidates).toMatchObject([
    { id: fresh.id, gated: false },
  ]);
});

test("an unknown outcome fails after its day, wherever it rests, and is not sent again", async () => {
  await using t = await setup();
  const day = 86_400_000;
  const message = newMessage();
  await t.ledger.accept(message);
  await t.begin(message.id, NOW);
  const failure = { code: "OUTCOME_UNKNOWN", detail: "" } as const;
  const wait = { kind: "due", at: NOW + 10 } as const;
  await t.ledger.settle(t.own, message.id, {
    to: "unknown",
    now: NOW,
    token: "t1",
    failure,
    wait,
    mayHaveLeft: true,
  });
  await t.ledger.serveDue(NOW + 10, 10);
  expect((await t.ledger.findMessage(message.id))?.place).toBe("backlog");
  const fed = await t.feed(t.own, { pick: message.id });
  if (fed.kind !== "fed") throw new Error("not fed");
  const job = {
    messageId: message.id,
    feed: fed.feed,
    token: "t2",
    now: NOW + day,
    connectedSince: 0,
  };
  expect((await t.ledger.begin(t.own, job)).kind).toBe("expired");
  await t.ledger.serveDue(NOW + day, 10);
  expect(await t.ledger.findMessage(message.id)).toMatchObject({
    status: "failed",
    lastError: { code: "OUTCOME_UNKNOWN" },
  });
});

test("an expiry that falls into an attempt is not forgotten", async () => {
  await using t = await setup();
  const message = newMessage({ expiresAt: NOW + 50 });
  await t.ledger.accept(message);
  await t.begin(message.id, NOW);
  await t.ledger.serveDue(NOW + 60, 10);
  expect((await t.ledger.findMessage(message.id))?.status).toBe("sending");
  const failure = { code: "DEVICE_DISCONNECTED", detail: "" } as const;
  const parked = {
    to: "queued",
    now: NOW + 70,
    token: "t1",
    failure,
    wait: { kind: "backlog" },
    count: -1,
  } as const;
  await t.ledger.settle(t.own, message.id, parked);
  await t.ledger.serveDue(NOW + 60_060, 10);
  expect((await t.ledger.findMessage(message.id))?.status).toBe("expired");
});

test("a failed look-up of a message that was taken back meanwhile changes nothing", async () => {
  await using t = await setup();
  const message = newMessage();
  await t.ledger.accept(message);
  const fed = await t.feed(t.own, { pick: message.id });
  if (fed.kind !== "fed") throw new Error("not fed");
  await t.ledger.pauseLane(DEVICE, true, { now: NOW });
  const failure = { code: "SEND_FAILED", detail: "" } as const;
  const wait = { kind: "due", at: NOW + 10 } as const;
  const outcome = { to: "queued", now: NOW, failure, wait, count: 1, feed: fed.feed } as const;
  expect((await t.ledger.settle(t.own, message.id, outcome)).kind).toBe("refused");
  expect(await t.ledger.findMessage(message.id)).toMatchObject({ place: "backlog", attempts: 0 });
});

test("what is picked and taken back gives the day its place back", async () => {
  await using t = await setup({ pace_daily_cap: 5 });
  const message = newMessage();
  await t.ledger.accept(message);
  await t.feed(t.own, { pick: message.id });
  expect((await t.ledger.peek(DEVICE, NOW)).budget.left).toBe(4);
  await t.ledger.closeLane(t.own);
  expect((await t.ledger.peek(DEVICE, NOW)).budget.left).toBe(5);
});

test("a refused request leaves its idempotency key free", async () => {
  await using t = await setup();
  const message = newMessage({ deviceId: "dev_00000000000000ff" as never });
  const request = { fingerprint: "f", messageId: message.id, now: NOW };
  await t.ledger.claim({ digest: "d1", token: "a" }, request);
  const claim = { digest: "d1", token: "a", fingerprint: "f" };
  expect(await t.ledger.accept(message, claim)).toEqual({ kind: "no-device" });
  const other = { ...request, fingerprint: "g" };
  expect((await t.ledger.claim({ digest: "d1", token: "b" }, other)).kind).toBe("claimed");
});

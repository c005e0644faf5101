import type { DeviceId, ErrorCode, MessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_100;
type Bed = Awaited<ReturnType<typeof setup>>;

/** Accepts and fails a message. */
async function letter(bed: Bed, over: { code?: ErrorCode; left?: true; at?: number } = {}) {
  const { ledger, own } = bed;
  const message = newMessage();
  await ledger.accept(message);
  await ledger.settle(own, message.id, {
    to: "failed",
    now: over.at ?? NOW,
    failure: { code: over.code ?? "SEND_FAILED", detail: "" },
    ...(over.left === undefined ? {} : { mayHaveLeft: over.left }),
  });
  return message.id;
}

const statusOf = async ({ ledger }: Bed, id: MessageId) => (await ledger.findMessage(id))?.status;
const all = { filter: {}, devices: "*", keyId: "key_1", now: NOW + 1 } as const;
const by = { owner: "worker-1#1", now: NOW + 2 };

async function finish({ ledger }: Bed, id: string) {
  for (let step = 0; step < 100; step += 1)
    // oxlint-disable-next-line no-await-in-loop -- step by step
    if ((await ledger.stepOperation(id, by)) === "done") return ledger.findOperation(id);
  throw new Error("it has no end");
}

test("an operation redrives every letter that there was, and none that failed later", async () => {
  await using bed = await setup();
  const old = await Promise.all(Array.from({ length: 450 }, () => letter(bed)));
  await bed.ledger.createOperation({ ...all, id: "op_1", kind: "redrive" });
  const later = await letter(bed, { at: NOW + 5 });
  const done = await finish(bed, "op_1");
  expect(done).toMatchObject({ state: "done", total: 450, done: 450, failed: 0, skipped: 0 });
  expect(await bed.ledger.countLetters()).toBe(1);
  expect(await bed.ledger.isLetter(later)).toBe(true);
  for (const id of old.slice(0, 5)) expect(await statusOf(bed, id)).toBe("queued");
  expect(await bed.ledger.runningOperations(10)).toEqual([]);
});

test("a step takes 200 letters, tells its progress, and belongs to one worker", async () => {
  await using bed = await setup();
  await Promise.all(Array.from({ length: 250 }, () => letter(bed)));
  await bed.ledger.createOperation({ ...all, id: "op_1", kind: "discard" });
  await bed.ledger.createOperation({ ...all, id: "op_1", kind: "redrive" });
  expect(await bed.ledger.stepOperation("op_1", by)).toBe("running");
  expect(await bed.ledger.findOperation("op_1")).toMatchObject({
    kind: "discard",
    state: "running",
    total: 250,
    done: 200,
  });
  const other = { owner: "worker-2#1", now: by.now };
  expect(await bed.ledger.stepOperation("op_1", other)).toBe("busy");
  expect(await bed.ledger.stepOperation("op_1", { ...other, now: by.now + 60_000 })).toBe("done");
  expect(await bed.ledger.findOperation("op_1")).toMatchObject({ state: "done", done: 250 });
});

test("a filter picks by code, device and time; a limited key reaches its devices only", async () => {
  await using bed = await setup();
  const early = await letter(bed, { at: NOW - 1_000 });
  const refused = await letter(bed, { code: "SEND_REJECTED" });
  const failed = await letter(bed);
  const filter = { code: "SEND_FAILED", deviceId: DEVICE, since: NOW - 500 } as const;
  await bed.ledger.createOperation({ ...all, id: "op_1", kind: "discard", filter });
  expect(await finish(bed, "op_1")).toMatchObject({ done: 1, skipped: 1, total: 2, filter });
  const left = await Promise.all([early, refused, failed].map((id) => bed.ledger.isLetter(id)));
  expect(left).toEqual([true, true, false]);
  await bed.ledger.createOperation({ ...all, id: "op_2", kind: "discard", devices: ["dev_other"] });
  expect(await finish(bed, "op_2")).toMatchObject({ done: 0, skipped: 2 });
});

test("what can't be redriven is counted with its reason; one that may have left goes on under its id", async () => {
  await using bed = await setup();
  const left = await letter(bed, { code: "OUTCOME_UNKNOWN", left: true });
  await bed.ledger.createOperation({ ...all, id: "op_1", kind: "redrive" });
  expect(await finish(bed, "op_1")).toMatchObject({ done: 1, failed: 0 });
  expect(await statusOf(bed, left)).toBe("unknown");
  const stays = await letter(bed, { code: "OUTCOME_UNKNOWN", left: true });
  await bed.redis.hset(bed.keys.device(DEVICE), "gen", 2);
  await bed.ledger.createOperation({ ...all, id: "op_2", kind: "redrive", now: NOW + 3 });
  expect(await finish(bed, "op_2")).toMatchObject({
    done: 0,
    failed: 1,
    refused: { "other-identity": 1 },
  });
  expect(await bed.ledger.isLetter(stays)).toBe(true);
});

test("a redriven letter is not ended by the time limit that it had before", async () => {
  await using bed = await setup();
  const message = newMessage({ expiresAt: NOW + 1_000 });
  await bed.ledger.accept(message);
  const failure = { code: "SEND_FAILED", detail: "" } as const;
  await bed.ledger.settle(bed.own, message.id, { to: "failed", now: NOW, failure });
  expect(await bed.ledger.redrive(message.id, NOW)).toMatchObject({ kind: "redriven" });
  await bed.ledger.serveDue(NOW + 5_000, 100);
  expect(await statusOf(bed, message.id)).toBe("queued");
});

test("the heir of a letter is named once, and remembered after the letter is discarded", async () => {
  await using bed = await setup();
  const id = await letter(bed);
  const [first, second] = [newMessage().id, newMessage().id];
  expect(await bed.ledger.nameHeir(id, first)).toBe(first);
  expect(await bed.ledger.nameHeir(id, second)).toBe(first);
  await bed.ledger.discardLetter(id);
  expect(await bed.ledger.nameHeir(id, second)).toBe(first);
  expect(await bed.ledger.nameHeir(newMessage().id, second)).toBeUndefined();
});

test("a deleted device: nobody owns it, its open messages end, its letters stay", async () => {
  await using bed = await setup();
  const { ledger, own } = bed;
  const dead = await letter(bed, { code: "SEND_REJECTED" });
  const [queued, due, scheduled, sending, behind] = [
    newMessage({ recipient: "5511900000010" }),
    newMessage({ recipient: "5511900000011" }),
    newMessage({ recipient: "5511900000012", sendAt: NOW + 1_000_000, at: NOW }),
    newMessage(),
    newMessage(),
  ];
  await ledger.accept(sending);
  expect((await bed.begin(sending.id, NOW)).begun.kind).toBe("go");
  for (const message of [queued, due, scheduled, behind])
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await ledger.accept(message);
  await ledger.settle(own, due.id, { to: "queued", now: NOW, wait: { kind: "due", at: NOW + 9 } });
  await bed.feed(own, { gated: [behind.id], now: NOW });
  expect((await ledger.findMessage(behind.id))?.place).toBe("waiting");

  let step = await ledger.removeDevice(DEVICE, NOW + 10);
  expect(step).toBe("more");
  expect(await ledger.findDevice(DEVICE)).toBeUndefined();
  expect(await ledger.renew("worker-1", [own])).toEqual([false]);
  await ledger.setWanted(DEVICE, "connected");
  expect(await ledger.take(DEVICE, "worker-2")).toBeUndefined();
  expect(await ledger.accept(newMessage())).toEqual({ kind: "no-device" });
  expect(await ledger.removals()).toEqual([DEVICE]);
  for (let count = 0; step === "more" && count < 50; count += 1)
    // oxlint-disable-next-line no-await-in-loop -- step by step
    step = await ledger.removeDevice(DEVICE, NOW + 11);
  expect(step).toBe("done");
  for (const { id } of [queued, due, scheduled, behind])
    expect([id, await statusOf(bed, id)]).toEqual([id, "canceled"]);
  expect(await ledger.findMessage(sending.id)).toMatchObject({
    status: "failed",
    mayHaveLeft: true,
    lastError: { code: "OUTCOME_UNKNOWN" },
  });
  expect(await ledger.isLetter(dead)).toBe(true);
  expect(await ledger.redrive(dead, NOW)).toEqual({ kind: "no-device" });
  const evidence = { messageId: sending.id, proves: "delivered", now: NOW + 20 } as const;
  expect(await ledger.recordEvidence(DEVICE, evidence)).toMatchObject({ kind: "settled" });
  expect(await ledger.removeDevice(DEVICE, NOW)).toBe("absent");
  const kept = await bed.redis.keys(`*${DEVICE}*`);
  expect(kept.filter((key) => !key.includes(":message:"))).toEqual([]);
});

test("a device with more than one step of messages is emptied", async () => {
  await using bed = await setup();
  const messages = Array.from({ length: 450 }, (_, index) =>
    newMessage({
      recipient: `55119${String(index).padStart(8, "0")}`,
      at: NOW,
      ...(index % 2 === 0 ? { sendAt: NOW + 5_000_000 } : {}),
    }),
  );
  await Promise.all(messages.map((message) => bed.ledger.accept(message)));
  let steps = 0;
  while ((await bed.ledger.removeDevice(DEVICE, NOW)) === "more") steps += 1;
  expect(steps).toBeGreaterThan(2);
  const heads = await bed.ledger.messageHeads(messages.map(({ id }) => id));
  expect(new Set(heads.map((head) => head?.status))).toEqual(new Set(["canceled"]));
});

test("a name and a pace are changed; a device that is gone stays gone", async () => {
  await using bed = await setup();
  expect(await bed.ledger.editDevice(DEVICE, { name: "two", pace: { gapMs: 5 } })).toBe(true);
  expect(await bed.ledger.findDevice(DEVICE)).toMatchObject({ name: "two", pace: { gapMs: 5 } });
  const other = "dev_gone0000" as DeviceId;
  expect(await bed.ledger.editDevice(other, { name: "x" })).toBe(false);
  expect(await bed.ledger.findDevice(other)).toBeUndefined();
});

test("a report of a lane: depth, pace, budget, what blocks it, and when it will be empty", async () => {
  await using bed = await setup();
  const { ledger, own } = bed;
  const change = { state: "connected", phone: "5511988887777", now: NOW } as const;
  await ledger.changeDevice(own, change);
  await ledger.editDevice(DEVICE, { pace: { gapMs: 1_000, dailyCap: 2 } });
  for (const priority of ["otp", "bulk", "bulk"] as const)
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await ledger.accept(newMessage({ priority }));
  const day = 86_400_000;
  const midnight = Math.ceil(NOW / day) * day;
  const before = await ledger.reportLane(DEVICE, NOW);
  expect(before).toMatchObject({
    backlog: { otp: 1, high: 0, normal: 0, bulk: 2 },
    owner: "worker-1",
    pace: { gapMs: 1_000 },
    budget: { left: 2 },
    drainedAt: midnight + 1_000,
  });
  expect(before?.blocked).toBeUndefined();
  await ledger.pauseLane(DEVICE, true, { now: NOW });
  const paused = await ledger.reportLane(DEVICE, NOW);
  expect(paused).toMatchObject({ blocked: { by: "lane_paused", since: NOW }, pausedAt: NOW });
  expect(paused?.drainedAt).toBeUndefined();
});

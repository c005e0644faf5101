import { addTallies, DEFAULT_SETTINGS, mintBatchId, readPulse } from "@pombo/domain";
import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const AT = 1_700_000_000_000;
const BUCKET = DEFAULT_SETTINGS.overview_bucket_ms;

async function open(how: Parameters<typeof setup>[1] = {}) {
  const bed = await setup({}, how);
  onTestFinished(() => bed[Symbol.asyncDispose]());
  const pulse = async (from = AT, to = AT + 3 * BUCKET) => {
    const buckets = await bed.ledger.readPulse(from, to);
    return readPulse(addTallies(buckets.map(({ tallies }) => tallies)));
  };
  return { ...bed, pulse };
}

test.each([{}, { twice: true }] as const)(
  "each change is counted once, in the stretch of its time, also when its script runs again: %o",
  async (how) => {
    const { pulse, ...bed } = await open(how);
    const { ledger, own } = bed;
    const sent = newMessage();
    await ledger.accept(sent);
    await bed.begin(sent.id, AT + 100);
    const evidence = { messageId: sent.id, now: AT + 900 };
    await ledger.recordEvidence(DEVICE, { ...evidence, proves: "sent" });
    await ledger.recordEvidence(DEVICE, { ...evidence, proves: "delivered", now: AT + 1_300 });
    await ledger.recordEvidence(DEVICE, { ...evidence, proves: "read", now: AT + BUCKET + 1 });
    const refused = newMessage();
    await ledger.accept(refused);
    const failure = { code: "SEND_REJECTED", detail: "" } as const;
    await ledger.settle(own, refused.id, { to: "failed", now: AT + 5, failure, count: 1 });
    const { counts, failures, acks, deliveries } = await pulse();
    expect(counts).toMatchObject({ accepted: 2, sent: 1, delivered: 1, failed: 1 });
    expect(counts).toMatchObject({ read: 1, retried: 0, unknown: 0 });
    expect(failures).toEqual(new Map([["SEND_REJECTED", 1]]));
    // 900 ms and 400 ms, as quarters of a doubling.
    expect([...acks.keys(), ...deliveries.keys()]).toEqual([39, 34]);
    const first = await pulse(AT, AT);
    expect(first.counts).toMatchObject({ accepted: 2, sent: 1, read: 0 });
  },
);

test("a retry is counted with its code and is no acceptance; what falls due is measured from there", async () => {
  const { pulse, ...bed } = await open();
  const { ledger, own } = bed;
  const message = newMessage({ sendAt: AT + 8_000 });
  await ledger.accept(message);
  await ledger.serveDue(AT + 8_000, 10);
  const { begun } = await bed.begin(message.id, AT + 8_100);
  expect(begun.kind).toBe("go");
  const failure = { code: "SEND_FAILED", detail: "" } as const;
  await ledger.settle(own, message.id, {
    to: "queued",
    now: AT + 8_200,
    failure,
    count: 1,
    wait: { kind: "backlog" },
  });
  await ledger.recordEvidence(DEVICE, {
    messageId: message.id,
    now: AT + 8_400,
    proves: "sent",
  });
  const { counts, retries, acks } = await pulse();
  expect(counts).toMatchObject({ accepted: 1, retried: 1, sent: 1 });
  expect(retries).toEqual(new Map([["SEND_FAILED", 1]]));
  expect([...acks.keys()]).toEqual([34]);
});

test("rows of a batch are accepted by the chunk, and canceled at once", async () => {
  const { ledger, pulse } = await open();
  const settings = {
    from: DEVICE,
    priority: "bulk",
    dedupe: "none",
    onInvalid: "skip",
    start: "complete",
  } as const;
  const id = mintBatchId(randomBytes(6));
  const made = await ledger.createBatch({
    id,
    settings,
    deviceIds: [DEVICE],
    keyId: "key_1",
    now: AT,
  });
  if (made.kind !== "created") throw new Error(made.kind);
  const rows = [1, 2, 3].map((at) => ({ to: `551190000000${at}`, values: [] }));
  const chunk = { index: 0, hash: "h", rows: [...rows, null], errors: [], now: AT + 1 };
  await ledger.appendChunk(made.batch, chunk);
  await ledger.appendChunk(made.batch, chunk);
  await ledger.finishUpload(id, { rows: 4, now: AT + 2 });
  const [lane] = await ledger.surveyLanes(AT + 3);
  expect(lane).toMatchObject({
    backlog: { bulk: 3 },
    undrawn: { bulk: 3 },
    oldest: { bulk: AT },
    waiting: 3,
    pooled: [],
  });
  const report = await ledger.reportLane(DEVICE, AT + 3);
  expect(report?.backlog).toEqual(lane?.backlog);
  await ledger.steerBatch(id, "cancel", AT + 3);
  expect((await pulse()).counts).toMatchObject({ accepted: 3, canceled: 3 });
});

test("a stretch that is over is read once, an open one again", async () => {
  const { ledger, redis, keys, pulse } = await open();
  await ledger.accept(newMessage());
  expect((await pulse()).counts.accepted).toBe(1);
  await redis.hset(keys.pulse(String(AT)), "accepted", "5");
  expect((await pulse()).counts.accepted).toBe(5);
  const later = AT + 3 * BUCKET + 60_000;
  expect((await pulse(AT, later)).counts.accepted).toBe(5);
  await redis.hset(keys.pulse(String(AT)), "accepted", "9");
  expect((await pulse(AT, later)).counts.accepted).toBe(5);
  expect(await redis.pttl(keys.pulse(String(AT)))).toBeGreaterThan(0);
});

test("the survey tells what waits, since when, and what stops it", async () => {
  const { ledger, own } = await open();
  const other = "dev_0000000000000002" as typeof DEVICE;
  await ledger.createDevice({ id: other, name: "two", keyId: "key_1", at: 7 });
  await ledger.changeDevice(own, { state: "connected", now: AT });
  await ledger.accept(newMessage({ at: AT + 3 }));
  await ledger.accept(newMessage({ at: AT + 1, priority: "bulk", recipient: "5511900000003" }));
  await ledger.pauseLane(DEVICE, true, { now: AT + 10 });
  const [one, two] = await ledger.surveyLanes(AT + 1_000);
  expect(one).toMatchObject({
    deviceId: DEVICE,
    name: "one",
    state: "connected",
    owned: true,
    backlog: { otp: 0, high: 0, normal: 1, bulk: 1 },
    oldest: { normal: AT + 3, bulk: AT + 1 },
    oldestAt: AT + 1,
    waiting: 2,
    stopped: { by: "lane_paused", since: AT + 10 },
  });
  expect(two).toMatchObject({ name: "two", owned: false, leftAt: 0, stateAt: 7, waiting: 0 });
  expect(two).not.toHaveProperty("stopped");
});

test("pages of the survey are put together", async () => {
  const { ledger } = await open();
  for (let index = 0; index < 130; index += 1) {
    const id = `dev_${String(index + 100).padStart(16, "0")}` as typeof DEVICE;
    // oxlint-disable-next-line no-await-in-loop
    await ledger.createDevice({ id, name: "x", keyId: "key_1", at: index + 2 });
  }
  const ids = (await ledger.surveyLanes(AT)).map(({ deviceId }) => deviceId);
  expect(new Set(ids).size).toBe(131);
});

test("a message that went straight into the window of a lane that rested for long is picked now", async () => {
  const { ledger, own, pace } = await open();
  await ledger.rememberRecipient("5511900000002", { lid: "1" });
  await ledger.warmUp(DEVICE, "5511900000002", AT + 1_000);
  const fedAt = async () => (await ledger.surveyDevices([DEVICE], AT + 500))[0]?.fedAt;
  expect(await ledger.openLane(own, AT, pace)).toBe(true);
  expect(await fedAt()).toBe(0);
  expect(await ledger.accept(newMessage({ at: AT + 400 }))).toMatchObject({ feed: 1 });
  expect(await fedAt()).toBe(AT + 400);
});

test("recipients are weighed: on WhatsApp or not, warm with one of the devices or cold", async () => {
  const { ledger } = await open();
  const other = "dev_0000000000000002" as typeof DEVICE;
  await ledger.rememberRecipient("5511900000001", { lid: "71" });
  await ledger.rememberRecipient("5511900000002", undefined);
  await ledger.warmUp(other, "5511900000001", AT + 1_000);
  const names = ["5511900000001", "5511900000002", "5511900000003", "120363039000000000@g.us"];
  const known = { onWhatsApp: true };
  expect(await ledger.weigh([DEVICE, other], names, AT)).toEqual([
    { ...known, warm: true },
    { onWhatsApp: false, warm: false },
    { warm: false },
    { ...known, warm: true },
  ]);
  const [first] = await ledger.weigh([DEVICE], names, AT);
  expect(first).toEqual({ ...known, warm: false });
  expect(await ledger.weigh([DEVICE], [], AT)).toEqual([]);
});

test("it is the rule of the lanes: a token counts always, what others wrote only without a hold", async () => {
  const { ledger, redis, keys } = await open();
  const [trusted, wrote, over] = ["5511900000001", "5511900000002", "5511900000003"] as const;
  for (const [at, name] of [trusted, wrote, over].entries())
    // oxlint-disable-next-line no-await-in-loop
    await ledger.rememberRecipient(name, { lid: `7${at}` });
  await ledger.trust(DEVICE, "70", AT + 1_000);
  await ledger.warmUp(DEVICE, "71", AT + 1_000);
  await ledger.warmUp(DEVICE, over, AT - 1);
  const many = Array.from({ length: 1_200 }, (_, at) => `55118${at}`);
  const weighed = await ledger.weigh([DEVICE], [trusted, wrote, over, ...many], AT);
  expect(weighed).toHaveLength(1_203);
  expect(weighed.flatMap(({ warm }, at) => (warm ? [at] : []))).toEqual([0, 1]);
  await redis.hset(keys.lane(DEVICE), "held_until", AT + 9);
  const held = await ledger.weigh([DEVICE], [trusted, wrote], AT);
  expect(held.map(({ warm }) => warm)).toEqual([true, false]);
});

test("the outlook of a lane is its pace, its day and what it waits for", async () => {
  const { ledger, redis, keys } = await open();
  const pace = { perMinute: 30, dailyCap: 9 };
  await ledger.editDevice(DEVICE, { pace });
  const lane = {
    pace_at: AT + 5,
    held_until: AT + 9,
    throttled_until: AT - 1,
    day: 4,
    day_sent: 2,
  };
  await redis.hset(keys.lane(DEVICE), lane);
  const [seen] = await ledger.surveyDevices([DEVICE], AT);
  expect(seen?.outlook).toEqual({
    pace,
    pairedAt: 0,
    count: { day: 4, sent: 2, cold: 0 },
    startsAt: AT + 5,
    coldFrom: AT + 9,
    serviceMs: 0,
    speed: "paced",
  });
  await redis.hset(keys.lane(DEVICE), { drain_ms: "640.5", fed_at: AT - 1_000 });
  const [measured] = await ledger.surveyDevices([DEVICE], AT);
  expect(measured?.outlook).toMatchObject({ serviceMs: 640.5, speed: "paced" });
  await ledger.editDevice(DEVICE, { pace: {} });
  const speedAt = async (now: number) => (await ledger.surveyDevices([DEVICE], now))[0]?.outlook;
  expect(await speedAt(AT)).toMatchObject({ serviceMs: 640.5, speed: "measured" });
  expect(await speedAt(AT + 3_600_000)).toMatchObject({ serviceMs: 1_000, speed: "assumed" });
});

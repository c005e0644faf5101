import {
  type BatchError,
  type BatchId,
  type BatchSettings,
  CHUNK_ROWS,
  type DeviceId,
  mintBatchId,
  type PackedRow,
  rowMessageId,
} from "@pombo/domain";
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { BatchRecord } from "./batch-record.ts";
import type { NewBatch } from "./batches.ts";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;
type Bed = Awaited<ReturnType<typeof setup>>;

function newBatch(over: Partial<BatchSettings> = {}, more: Partial<NewBatch> = {}): NewBatch {
  return {
    id: mintBatchId(randomBytes(6)),
    settings: {
      from: DEVICE,
      template: { kind: "text", text: "Hello {{name}}" },
      priority: "bulk",
      dedupe: "client_ref",
      onInvalid: "skip",
      start: "complete",
      ...over,
    },
    deviceIds: [DEVICE],
    keyId: "key_1",
    now: NOW,
    ...more,
  };
}

const rowsOf = (count: number, from = 1): PackedRow[] =>
  Array.from({ length: count }, (_, at) => ({
    to: String(5_511_900_000_000 + from + at),
    clientRef: `order-${from + at}`,
    values: [`name ${from + at}`],
  }));

const chunkOf = (
  rows: readonly (PackedRow | null)[],
  index = 0,
  errors: readonly BatchError[] = [],
) => ({ index, hash: `h${index}`, rows, errors, now: NOW });

const bad = (row: number, kind: BatchError["kind"] = "invalid"): BatchError => ({
  row,
  line: row + 1,
  kind,
  field: "to",
  value: "x",
  code: "VALIDATION_ERROR",
  message: "is wrong",
});

async function created(t: Bed, batch = newBatch()) {
  const made = await t.ledger.createBatch(batch);
  if (made.kind !== "created") throw new Error(made.kind);
  return made.batch;
}

/** Types of the events of batches, in order. */
async function told(t: Bed): Promise<readonly string[]> {
  const entries = await t.redis.xrange(t.keys.events(), "-", "+");
  return entries.map(([, fields]) => fields[1] ?? "").filter((type) => type.startsWith("batch."));
}

test("rows are kept packed, counted as they come, and read as they were given", async () => {
  await using t = await setup();
  const batch = await created(t);
  const rows = [...rowsOf(CHUNK_ROWS - 2), null, null];
  const errors = [bad(499), bad(499), bad(500, "duplicate")];
  expect(await t.ledger.appendChunk(batch, chunkOf(rows, 0, errors))).toEqual({ kind: "stored" });
  expect(await t.ledger.appendChunk(batch, chunkOf(rowsOf(1, 501), 1))).toEqual({ kind: "stored" });
  const done = await t.ledger.finishUpload(batch.id, { rows: 501, now: NOW + 5 });
  expect(done).toMatchObject({
    kind: "finished",
    batch: {
      state: "running",
      uploadedAt: NOW + 5,
      rows: 501,
      undrawn: 499,
      open: 499,
      counts: { accepted: 499, queued: 499, invalid: 1, duplicate: 1, scheduled: 0 },
    },
  });
  expect(await t.ledger.readChunk(batch.id, 0)).toEqual(rows);
  expect(await t.ledger.readChunk(batch.id, 2)).toBeUndefined();
  expect(await t.ledger.batchErrors(batch.id, { after: 1, limit: 5 })).toEqual(errors.slice(1));
  expect(await told(t)).toEqual(["batch.accepted", "batch.accepted", "batch.running"]);
});

test("the same upload, sent again from the start, finds itself and goes on where it stopped", async () => {
  await using t = await setup();
  const claim = { digest: "d", fingerprint: "f" };
  const batch = await created(t, newBatch({}, { claim }));
  await t.ledger.appendChunk(batch, chunkOf(rowsOf(CHUNK_ROWS)));

  const again = await t.ledger.createBatch(newBatch({}, { claim }));
  expect(again).toMatchObject({ kind: "resumed", batch: { id: batch.id, chunks: 1 } });
  expect(await t.ledger.appendChunk(batch, chunkOf(rowsOf(CHUNK_ROWS)))).toEqual({ kind: "same" });
  const second = chunkOf(rowsOf(3, 501), 1);
  expect(await t.ledger.appendChunk(batch, second)).toEqual({ kind: "stored" });
  expect((await t.ledger.finishUpload(batch.id, { rows: 503, now: NOW })).kind).toBe("finished");
  expect((await t.ledger.finishUpload(batch.id, { rows: 503, now: NOW })).kind).toBe("finished");
  expect(await t.ledger.findBatch(batch.id)).toMatchObject({ counts: { accepted: 503 } });

  const other = { digest: "d", fingerprint: "g" };
  expect(await t.ledger.createBatch(newBatch({}, { claim: other }))).toEqual({ kind: "reused" });
  const differs = { kind: "differs" };
  expect(await t.ledger.appendChunk(batch, { ...second, hash: "x" })).toEqual(differs);
  expect(await t.ledger.appendChunk(batch, chunkOf(rowsOf(1, 504), 2))).toEqual(differs);
  expect(await t.ledger.finishUpload(batch.id, { rows: 500, now: NOW })).toEqual(differs);
});

test("chunks come in their order, to a batch that there is", async () => {
  await using t = await setup();
  const batch = await created(t);
  const gap = { kind: "gap", chunks: 0 };
  expect(await t.ledger.appendChunk(batch, chunkOf(rowsOf(1), 1))).toEqual(gap);
  const absent = { ...batch, id: "bat_00000000000" as BatchId };
  expect(await t.ledger.appendChunk(absent, chunkOf(rowsOf(1)))).toEqual({ kind: "absent" });
  const nowhere = newBatch({}, { deviceIds: ["dev_9999999999999999" as DeviceId] });
  expect((await t.ledger.createBatch(nowhere)).kind).toBe("no-device");
  await t.ledger.steerBatch(batch.id, "cancel", NOW);
  const ended = { kind: "ended", state: "canceled" };
  expect(await t.ledger.appendChunk(batch, chunkOf(rowsOf(1)))).toEqual(ended);
});

test("what must not come twice does not, whichever batch had it first", async () => {
  await using t = await setup();
  const first = await created(t);
  await t.ledger.appendChunk(first, chunkOf(rowsOf(3)));
  const second = await created(t);
  const [one, , three] = rowsOf(3);
  const owner = rowMessageId(first.id, 3);
  expect(await t.ledger.findDuplicates(second, ["order-3", "other"])).toEqual([owner, undefined]);
  const fresh = { to: "5511900000009", values: ["x"] };
  const rows = [fresh, three ?? null, fresh];
  const taken = { kind: "taken", duplicates: [{ row: 2, messageId: owner }] };
  expect(await t.ledger.appendChunk(second, chunkOf(rows))).toEqual(taken);
  expect((await t.ledger.findBatch(second.id))?.rows).toBe(0);

  const twice = [
    { ...fresh, clientRef: "a" },
    { ...fresh, clientRef: "a" },
  ];
  expect(await t.ledger.appendChunk(second, chunkOf(twice))).toEqual({
    kind: "taken",
    duplicates: [{ row: 2, messageId: rowMessageId(second.id, 1) }],
  });

  const third = await created(t, newBatch({ dedupe: "recipient" }));
  await t.ledger.appendChunk(third, chunkOf([one ?? null]));
  expect(await t.ledger.findDuplicates(third, [one?.to ?? ""])).toEqual([
    rowMessageId(third.id, 1),
  ]);
  const other = await created(t, newBatch({}, { keyId: "key_2" }));
  expect(await t.ledger.appendChunk(other, chunkOf(rowsOf(3)))).toEqual({ kind: "stored" });
});

test("an upload that is rejected sends nothing, and its references are free for the mended one", async () => {
  await using t = await setup();
  const batch = await created(t, newBatch({ onInvalid: "reject" }));
  const rows = [...rowsOf(2), null];
  await t.ledger.appendChunk(batch, chunkOf(rows, 0, [bad(3)]));
  expect(await t.ledger.finishUpload(batch.id, { rows: 3, now: NOW })).toMatchObject({
    kind: "finished",
    batch: {
      state: "canceled",
      reason: "rows_refused",
      open: 0,
      counts: { accepted: 2, canceled: 2, queued: 0, invalid: 1 },
    },
  });
  const mended = await created(t);
  expect(await t.ledger.appendChunk(mended, chunkOf(rowsOf(3)))).toEqual({ kind: "stored" });
});

test("pause, resume and cancel change all that waits at once; what has ended can't be steered", async () => {
  await using t = await setup();
  const batch = await created(t, newBatch({ sendAt: NOW + 1_000 }));
  await t.ledger.appendChunk(batch, chunkOf(rowsOf(3)));
  const steer = async (wish: "pause" | "resume" | "cancel", now: number) => {
    const steered = await t.ledger.steerBatch(batch.id, wish, now);
    return "batch" in steered ? `${steered.kind} ${steered.batch.state}` : steered.kind;
  };
  expect(await steer("pause", NOW)).toBe("steered paused");
  await t.ledger.finishUpload(batch.id, { rows: 3, now: NOW });
  expect(await steer("pause", NOW)).toBe("steered paused");
  expect(await steer("resume", NOW + 1)).toBe("steered ready");
  expect(await t.ledger.serveBatches(NOW + 999, 10)).toBe(0);
  await t.ledger.serveBatches(NOW + 1_000, 10);
  expect(await t.ledger.findBatch(batch.id)).toMatchObject({
    state: "running",
    counts: { scheduled: 0, queued: 3 },
  });
  expect(await steer("cancel", NOW + 2_000)).toBe("steered canceled");
  expect(await steer("cancel", NOW + 2_001)).toBe("steered canceled");
  expect(await steer("resume", NOW + 2_002)).toBe("refused canceled");
  expect(await t.ledger.findBatch(batch.id)).toMatchObject({
    endedAt: NOW + 2_000,
    open: 0,
    counts: { accepted: 3, queued: 0, canceled: 3 },
  });
  expect(await told(t)).toEqual(
    ["accepted", "paused", "resumed", "running", "canceled"].map((word) => `batch.${word}`),
  );
});

test("what time is over for ends: rows that expire, uploads that nobody ends", async () => {
  await using t = await setup();
  const brief = await created(t, newBatch({ expiresAt: NOW + 50 }));
  await t.ledger.appendChunk(brief, chunkOf(rowsOf(2)));
  await t.ledger.finishUpload(brief.id, { rows: 2, now: NOW });
  const broken = await created(t);
  await t.ledger.appendChunk(broken, chunkOf(rowsOf(1, 9)));
  await t.ledger.serveBatches(NOW + 50, 10);
  await t.ledger.serveBatches(NOW + 86_400_000, 10);
  expect(await t.ledger.findBatch(brief.id)).toMatchObject({
    state: "completed",
    counts: { expired: 2 },
  });
  expect(await t.ledger.findBatch(broken.id)).toMatchObject({
    state: "abandoned",
    reason: "upload_not_ended",
    counts: { canceled: 1 },
  });
});

test("batches are listed newest first, page by page, also those of one instant", async () => {
  await using t = await setup();
  const ids: BatchId[] = [];
  for (const now of [NOW, NOW + 1, NOW + 1, NOW + 2])
    // oxlint-disable-next-line no-await-in-loop -- in their order
    ids.push((await created(t, newBatch({}, { now }))).id);
  const seen: BatchId[] = [];
  let before: { at: number; id: BatchId } | undefined;
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const page = await t.ledger.listBatches({
      limit: 1,
      ...(before === undefined ? {} : { before }),
    });
    seen.push(...page.batches.map(({ id }) => id));
    before = page.next;
  } while (before !== undefined);
  expect(seen.toSorted()).toEqual(ids.toSorted());
  expect([seen[0], seen[3]]).toEqual([ids[3], ids[0]]);
});

/** Draws all rows of a batch of one chunk into the lane. */
async function draw(t: Bed, id: BatchId, rows: readonly PackedRow[], now = NOW) {
  const rendered = rows.map((row, at) => ({
    ...row,
    row: at + 1,
    content: { kind: "text", text: `Hello ${row.values?.[0]}` } as const,
  }));
  const order = { batchId: id, from: 1, to: rows.length + 1, rows: rendered, now };
  return t.ledger.drawRows(t.own, order);
}

async function uploaded(t: Bed, rows: readonly PackedRow[], batch = newBatch()) {
  const { id } = await created(t, batch);
  const record = await t.ledger.findBatch(id);
  if (record === undefined) throw new Error("not there");
  await t.ledger.appendChunk(record, chunkOf(rows));
  await t.ledger.finishUpload(id, { rows: rows.length, now: NOW });
  return id;
}

test("a batch is kept for a while after its end, and then nothing of it stays but its dead letters", async () => {
  await using t = await setup();
  const id = await uploaded(t, rowsOf(4));
  await draw(t, id, rowsOf(4));
  const [failed, sent, canceled] = [1, 2, 3].map((row) => rowMessageId(id, row));
  if (failed === undefined || sent === undefined || canceled === undefined) throw new Error();
  await t.ledger.rememberRecipient("5511900000001", { lid: "2" });
  const { begun, fed } = await t.begin(failed);
  expect([begun.kind, fed.kind]).toEqual(["go", "fed"]);
  const failure = { code: "SEND_REJECTED", detail: "" } as const;
  await t.ledger.settle(t.own, failed, { to: "failed", now: NOW + 1, token: "t1", failure });
  const proof = { messageId: sent, proves: "sent", now: NOW + 2 } as const;
  await t.ledger.recordEvidence(DEVICE, proof);
  await t.ledger.cancel(canceled, NOW + 3);
  await t.ledger.steerBatch(id, "cancel", NOW + 4);
  expect(await t.ledger.findBatch(id)).toMatchObject({
    open: 0,
    failures: [{ code: "SEND_REJECTED", count: 1 }],
    counts: { accepted: 4, failed: 1, sent: 1, canceled: 2 },
  });
  const kept = 604_800_000;
  await t.ledger.serveBatches(NOW + 3 + kept, 10);
  expect((await t.ledger.findMessage(sent))?.status).toBe("sent");

  await t.ledger.serveBatches(NOW + 4 + kept, 10);
  expect(await t.ledger.findBatch(id)).toBeUndefined();
  expect((await t.ledger.listBatches({ limit: 10 })).batches).toEqual([]);
  expect(await t.ledger.findMessage(sent)).toBeUndefined();
  expect((await t.ledger.findMessage(failed))?.status).toBe("failed");
  expect(await t.redis.zcard(t.keys.batchdues())).toBe(0);
  for (const pattern of ["batch", "counts", "rows", "chunks", "refs", "batcherrors", "exits"])
    // oxlint-disable-next-line no-await-in-loop -- few
    expect(await t.redis.keys(`*:${pattern}:*`)).toEqual([]);
  // What is forgotten may come again.
  expect(await uploaded(t, rowsOf(4))).not.toBe(id);
});

test("the batch of a device that is deleted ends, drawn or not, paused or not", async () => {
  await using t = await setup();
  const paused = await uploaded(t, rowsOf(3), newBatch({ dedupe: "none" }));
  await draw(t, paused, rowsOf(3));
  await t.ledger.steerBatch(paused, "pause", NOW);
  await t.ledger.peek(DEVICE, NOW);
  expect((await t.ledger.findMessage(rowMessageId(paused, 1)))?.place).toBe("parked");
  const waiting = await uploaded(t, rowsOf(3), newBatch({ dedupe: "none" }));
  let step: string;
  do {
    // oxlint-disable-next-line no-await-in-loop -- step by step
    step = await t.ledger.removeDevice(DEVICE, NOW + 1);
  } while (step === "more");
  await t.ledger.serveBatches(NOW + 1, 10);
  for (const id of [paused, waiting])
    // oxlint-disable-next-line no-await-in-loop -- two
    expect(await t.ledger.findBatch(id)).toMatchObject({
      state: "canceled",
      reason: "device_deleted",
      open: 0,
      counts: { canceled: 3 },
    });
});

test("what waits in batches waits for their device: its lane and the overview tell it", async () => {
  await using t = await setup();
  await uploaded(t, rowsOf(3), newBatch({ dedupe: "none", priority: "high" }));
  const id = await uploaded(t, rowsOf(4), newBatch({ dedupe: "none" }));
  await draw(t, id, rowsOf(4).slice(0, 2));
  const report = await t.ledger.reportLane(DEVICE, NOW);
  expect(report).toMatchObject({ backlog: { high: 3, bulk: 4 } });
  const surveyed = await t.ledger.surveyLanes(NOW);
  expect(surveyed).toMatchObject([{ backlog: { high: 3, bulk: 4 } }]);
  await t.ledger.steerBatch(id, "pause", NOW);
  expect(await t.ledger.reportLane(DEVICE, NOW)).toMatchObject({ backlog: { high: 3, bulk: 2 } });
});

test("a reaction waits until the row that it is for is drawn and sent, and goes nowhere when that never is", async () => {
  await using t = await setup();
  const id = await uploaded(t, rowsOf(2), newBatch({ dedupe: "none" }));
  const reaction = (row: number) =>
    newMessage({
      recipient: rowsOf(2)[row - 1]?.to ?? "",
      content: {
        kind: "reaction",
        target: { id: rowMessageId(id, row), fromMe: true },
        emoji: "x",
      },
    });
  const begun = async (message: ReturnType<typeof reaction>) => {
    await t.ledger.accept(message);
    await t.ledger.rememberRecipient(message.recipient, { lid: "3" });
    return (await t.begin(message.id)).begun.kind;
  };
  const waits = reaction(1);
  expect(await begun(waits)).toBe("ghost");
  expect(await t.ledger.findMessage(waits.id)).toMatchObject({ place: "due", why: "order" });
  await t.ledger.cancel(rowMessageId(id, 2), NOW);
  expect(await begun(reaction(2))).toBe("orphan");
});

test("rows of a lane wait for what they wait for: their batch, its time, or their turn", async () => {
  await using t = await setup();
  await t.ledger.changeDevice(t.own, { state: "connected", now: 1, phone: "5511999000001" });
  const later = await uploaded(t, rowsOf(2), newBatch({ sendAt: NOW + 5_000, dedupe: "none" }));
  const id = await uploaded(t, rowsOf(3), newBatch({ dedupe: "none" }));
  const blockedBy = async (batch: BatchId, row: number) =>
    (await t.ledger.viewMessage(rowMessageId(batch, row), NOW))?.wait?.blockedBy;
  expect(await blockedBy(later, 1)).toBe("scheduled");
  expect(await blockedBy(id, 3)).toBe("pacing");
  await t.ledger.steerBatch(id, "pause", NOW);
  expect(await blockedBy(id, 3)).toBe("batch_paused");
  await t.ledger.steerBatch(id, "resume", NOW);
  await draw(t, id, rowsOf(3));
  await t.ledger.steerBatch(id, "pause", NOW);
  await t.ledger.peek(DEVICE, NOW);
  expect(await blockedBy(id, 1)).toBe("batch_paused");
});

test("rows that were rewritten since they were read are not drawn", async () => {
  await using t = await setup();
  const id = await uploaded(t, rowsOf(2));
  // As an erasure does.
  await t.redis.hincrby(t.keys.batch(id), "edition", 1);
  expect(await draw(t, id, rowsOf(2))).toBe("moved");
  const [hint] = (await t.ledger.peek(DEVICE, NOW)).draws;
  expect(hint).toMatchObject({ batchId: id, row: 1, edition: 1 });
});

test("many drawn rows are parked, brought back and ended step by step, and nothing is drawn before all are back", async () => {
  await using t = await setup();
  const rows = rowsOf(CHUNK_ROWS);
  const id = await uploaded(t, rows);
  await draw(t, id, rows.slice(0, 450));
  const parked = async () => t.redis.zcard(t.keys.parkedrows(id, DEVICE));
  await t.ledger.steerBatch(id, "pause", NOW);
  const parks: number[] = [];
  while ((await t.redis.exists(t.keys.backlog(DEVICE, "1", "bulk"))) === 1) {
    // oxlint-disable-next-line no-await-in-loop -- look by look
    expect((await t.ledger.peek(DEVICE, NOW)).candidates).toEqual([]);
    // oxlint-disable-next-line no-await-in-loop
    parks.push(await parked());
  }
  expect(parks.length).toBeGreaterThan(1);
  expect(await parked()).toBe(450);

  await t.ledger.steerBatch(id, "resume", NOW + 1);
  const looks: (readonly [number, number])[] = [];
  do {
    // oxlint-disable-next-line no-await-in-loop
    const { draws } = await t.ledger.peek(DEVICE, NOW + 1, 1_000);
    // oxlint-disable-next-line no-await-in-loop
    looks.push([await parked(), draws.length]);
  } while (looks.at(-1)?.[0] !== 0);
  expect(looks).toEqual([
    [250, 0],
    [50, 0],
    [0, 0],
  ]);
  const { draws, candidates } = await t.ledger.peek(DEVICE, NOW + 1, 1_000);
  expect(draws).toMatchObject([{ batchId: id, row: 451 }]);
  expect(candidates.map((one) => one.id)).toEqual(
    rows.slice(0, 450).map((_, at) => rowMessageId(id, at + 1)),
  );

  const { batch } = (await t.ledger.steerBatch(id, "cancel", NOW + 2)) as { batch: BatchRecord };
  expect(batch).toMatchObject({ open: 0, sweeping: false, counts: { canceled: CHUNK_ROWS } });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BATCH_STATES,
  BATCH_WISHES,
  batchDue,
  type BatchFacts,
  endUpload,
  isEnded,
  judgeWish,
  MOST_ROWS,
  nextDue,
  packRows,
  type PackedRow,
  rateOf,
  rowMessageId,
  rowOf,
  startStreaming,
  unpackRows,
} from "./batch.ts";
import { type BatchId, isBatchId, isMessageId, mintBatchId } from "./id.ts";

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

test("a row's message id tells batch and row, for every row that a batch can have", () => {
  const id = mintBatchId(Uint8Array.from([1, 2, 3, 250, 5, 255]));
  expect(isBatchId(id)).toBe(true);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MOST_ROWS }), (row) => {
      const messageId = rowMessageId(id, row);
      expect(isMessageId(messageId)).toBe(true);
      expect(rowOf(messageId)).toEqual({ batchId: id, row });
    }),
  );
  expect(rowMessageId("bat_0A1B2C3D4E5" as BatchId, 255)).toBe("3EB00A1B2C3D4E500000FF");
});

test("packed rows read as they were", () => {
  const rows: (PackedRow | null)[] = [
    null,
    { to: "5511900000001", values: ["a", ""] },
    { to: "5511900000001", values: [], clientRef: "r", metadata: { a: 1 } },
    { to: "5511900000001", content: { kind: "text", text: "x" }, metadata: null },
    { to: "120363039000000000@g.us", clientRef: "" },
  ];
  expect(unpackRows(packRows(rows))).toEqual(rows);
});

const facts: BatchFacts = {
  state: "running",
  createdAt: NOW,
  start: "complete",
  onInvalid: "skip",
  rest: "queued",
  refused: 0,
  open: 1,
};

test("what has ended is not steered; what is resumed stands where it would be without the pause", () => {
  for (const state of BATCH_STATES)
    for (const wish of BATCH_WISHES) {
      const same = wish === "cancel" && state === "canceled";
      const { kind } = judgeWish(wish, { ...facts, state }, NOW);
      expect(kind === "refused").toBe(isEnded(state) && !same);
    }
  const paused = { ...facts, state: "paused" } as const;
  const resumed = (over: Partial<BatchFacts>) => {
    const verdict = judgeWish("resume", { ...paused, ...over }, NOW);
    return verdict.kind === "move" ? verdict.move : verdict.kind;
  };
  const early = { sendAt: NOW + 1, rest: "scheduled" } as const;
  expect(resumed({})).toEqual({ to: "receiving" });
  expect(resumed({ start: "streaming" })).toEqual({ to: "running" });
  expect(resumed({ uploadedAt: NOW, ...early })).toEqual({ to: "ready" });
  expect(resumed({ uploadedAt: NOW, ...early, sendAt: NOW })).toEqual({
    to: "running",
    rest: "queued",
  });
});

test("the end of an upload starts it, unless it is early, paused, empty or rejected", () => {
  const receiving = { ...facts, state: "receiving" } as const;
  expect(endUpload(receiving, NOW)).toEqual({ to: "running" });
  expect(endUpload({ ...receiving, sendAt: NOW + 1, rest: "scheduled" }, NOW).to).toBe("ready");
  expect(endUpload({ ...facts, state: "paused" }, NOW)).toEqual({ to: "paused" });
  expect(endUpload({ ...receiving, open: 0 }, NOW)).toEqual({ to: "completed" });
  expect(endUpload({ ...receiving, refused: 1, onInvalid: "reject" }, NOW)).toMatchObject({
    to: "canceled",
    rest: "canceled",
  });
});

test("only a streaming batch goes before its upload has ended", () => {
  const receiving = { ...facts, state: "receiving" } as const;
  expect(startStreaming(receiving, NOW)).toBeUndefined();
  const streaming = { ...receiving, start: "streaming" } as const;
  expect(startStreaming(streaming, NOW)).toEqual({ to: "running" });
  expect(startStreaming({ ...streaming, sendAt: NOW + 1 }, NOW)).toBeUndefined();
  expect(startStreaming({ ...streaming, open: 0 }, NOW)).toBeUndefined();
});

test("whatever time brings is foretold, and after it there is nothing left for that time", () => {
  const batch = fc.record({
    state: fc.constantFrom(...BATCH_STATES),
    createdAt: fc.constant(NOW),
    start: fc.constantFrom("complete", "streaming"),
    onInvalid: fc.constant("skip"),
    rest: fc.constantFrom("scheduled", "queued", "canceled", "expired"),
    refused: fc.constant(0),
    open: fc.constant(1),
    sendAt: fc.constantFrom(NOW + 10, NOW + 2 * DAY),
    expiresAt: fc.constantFrom(undefined, NOW + 20, NOW + 3 * DAY),
    uploadedAt: fc.constantFrom(undefined, NOW + 1),
  });
  fc.assert(
    fc.property(batch, fc.integer({ min: 0, max: 4 * DAY }), (given, after) => {
      let seen = JSON.parse(JSON.stringify(given)) as BatchFacts;
      const now = NOW + after;
      for (let turn = 0; turn < 4; turn += 1) {
        const due = nextDue(seen, DAY);
        const move = batchDue(seen, now, DAY);
        expect(move !== undefined).toBe(due !== undefined && due <= now);
        if (move === undefined) return;
        seen = { ...seen, state: move.to, rest: move.rest ?? seen.rest };
      }
      throw new Error("time never lets it rest");
    }),
  );
});

test("the rate is that of the last ten seconds, and of nothing older than twenty", () => {
  const at = NOW - (NOW % 10_000);
  const windows = { number: at / 10_000, present: 50, before: 100 };
  expect(rateOf(windows, at)).toBe(15);
  expect(rateOf(windows, at + 5_000)).toBe(10);
  expect(rateOf(windows, at + 10_000)).toBe(5);
  expect(rateOf(windows, at + 20_000)).toBe(0);
});

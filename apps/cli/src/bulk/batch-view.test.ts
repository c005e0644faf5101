import { BATCH_COUNTS } from "@pombo/domain";
import { expect, test } from "vitest";
import { type Batch, isAllWell, plainLine, progressLine, summary } from "./batch-view.ts";

const NOW = Date.parse("2030-01-31T12:00:00.000Z");
const NONE = Object.fromEntries(BATCH_COUNTS.map((name) => [name, 0]));

function batchOf(counts: Partial<Batch["counts"]>, over: Partial<Batch> = {}): Batch {
  return {
    batch_id: "bat_0A1B2C3D4E5",
    status: "running",
    reason: null,
    rate: 12.34,
    eta: "2030-01-31T12:01:05.000Z",
    failures: [],
    ...over,
    counts: { ...NONE, ...counts },
  } as unknown as Batch;
}

const HALF = batchOf({
  accepted: 1_200,
  queued: 590,
  sending: 10,
  sent: 400,
  read: 197,
  failed: 3,
});

test("the line shows the share, the rate, the time left and what failed", () => {
  expect(progressLine(HALF, 100, NOW)).toBe(
    `[${"█".repeat(20)}${"░".repeat(20)}]  50 % 600/1,200  12/s  1 min 05 s left  3 failed`,
  );
});

test("a batch that does not run shows no rate that it had", () => {
  const paused = { ...HALF, status: "paused" as const };
  expect(progressLine(paused, 40, NOW)).toBe(" 50 % 600/1,200  paused  3 failed");
});

test("a line for a log has no bar", () => {
  expect(plainLine(HALF, NOW)).toBe(
    "bat_0A1B2C3D4E5  running  600/1,200  12/s  1 min 05 s left  3 failed",
  );
});

test("at the end every status that occurred is told, and why rows failed", () => {
  const failures = [{ error_code: "SEND_REJECTED" as const, count: 2 }];
  const ended = batchOf(
    { accepted: 1_200, read: 1_198, failed: 2, invalid: 1 },
    { status: "completed", failures },
  );
  expect(summary(ended)).toBe(
    [
      "bat_0A1B2C3D4E5  completed",
      "  read        1,198",
      "  failed      2",
      "  invalid     1",
      "  SEND_REJECTED: 2 (pombo errors SEND_REJECTED)",
    ].join("\n"),
  );
  expect(summary(batchOf({}, { status: "canceled", reason: "rows_refused" }))).toBe(
    "bat_0A1B2C3D4E5  canceled (rows_refused)",
  );
});

test.each<[Partial<Batch["counts"]>, Batch["status"], boolean]>([
  [{ accepted: 2, read: 1, sent: 1 }, "completed", true],
  [{ accepted: 2, sent: 2, duplicate: 1 }, "completed", true],
  [{ accepted: 2, sent: 1, failed: 1 }, "completed", false],
  [{ accepted: 2, sent: 2, invalid: 1 }, "completed", false],
  [{ accepted: 2, sent: 2, suppressed: 1 }, "completed", false],
  [{ accepted: 2, sent: 1, canceled: 1 }, "canceled", false],
  [{}, "completed", false],
])("%j in a %s batch is all well: %s", (counts, status, well) => {
  expect(isAllWell(batchOf(counts, { status }))).toBe(well);
});

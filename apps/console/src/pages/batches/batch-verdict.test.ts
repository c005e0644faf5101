import { expect, test } from "vitest";
import { batchesVerdict, batchVerdict, etaText } from "./batch-verdict.ts";
import { STATUSES } from "../messages/message-filter.ts";
import { type Counts, leftOut, segmentsOf, withWhatsApp } from "./outcome.ts";

const NOW = Date.parse("2030-01-31T12:00:00Z");
const at = (ms: number): string => new Date(NOW + ms).toISOString();

const NONE = Object.fromEntries(
  ["accepted", "invalid", "duplicate", "suppressed", ...STATUSES].map((name) => [name, 0]),
) as Counts;
const counts = (over: Partial<Counts>): Counts => ({ ...NONE, ...over });
type Told = Parameters<typeof batchVerdict>[0];
const batch = (over: Partial<Told>): Told => ({
  status: "running",
  reason: null,
  counts: NONE,
  rows: 10,
  rate: 2,
  eta: null,
  forecast: null,
  start: "complete",
  send_at: null,
  ready_at: null,
  ...over,
});

test.each<[Partial<Told>, RegExp]>([
  [{ status: "receiving", rows: 500 }, /500 rows so far\. Nothing is sent before it has ended/],
  [{ status: "receiving", start: "streaming" }, /sent while others come/],
  [
    { status: "ready", send_at: at(120_000), counts: counts({ accepted: 7 }) },
    /begins in 2 min: 7 messages/,
  ],
  [
    {
      counts: counts({ accepted: 1_000, queued: 600, sent: 100, delivered: 290, failed: 10 }),
      eta: at(600_000),
    },
    /^390 of 1,000 messages acknowledged, 600 to go, done about \d\d:\d\d\.$/,
  ],
  [{ counts: counts({ accepted: 3, queued: 3 }) }, /Nobody can say how long/],
  [
    {
      counts: counts({ accepted: 3, queued: 3 }),
      rate: null,
      forecast: { finishes_at: at(1), at: at(0) },
    },
    /Nothing left lately; foreseen: done any moment/,
  ],
  [{ counts: counts({ accepted: 3, unknown: 1, sent: 2 }) }, /1 message has no answer yet/],
  [{ status: "paused", counts: counts({ accepted: 3, queued: 1 }) }, /1 message waits until/],
  [{ status: "completed", counts: counts({ accepted: 3, read: 3 }) }, /all 3 messages were ack/],
  [
    { status: "completed", counts: counts({ accepted: 9, sent: 5, failed: 3, expired: 1 }) },
    /5 of 9 messages acknowledged, 3 failed, 1 expired/,
  ],
  [{ status: "completed" }, /no row of the upload could be sent/],
  [
    { status: "canceled", counts: counts({ accepted: 9, sent: 2, unknown: 1, canceled: 6 }) },
    /Canceled\. 3 messages had left and can’t be recalled/,
  ],
  [{ status: "canceled", reason: "rows_refused" }, /whole or not\. Nothing had left/],
  [{ status: "abandoned" }, /never ended/],
])("%j reads as %s", (over, says) => {
  expect(batchVerdict(batch(over), NOW)).toMatch(says);
});

test("an end is told as a range where the pace and the forecast disagree", () => {
  const told = (eta: number | null, foreseen: number | null) =>
    etaText(
      {
        eta: eta === null ? null : at(eta),
        forecast: foreseen === null ? null : { finishes_at: at(foreseen), at: at(0) },
      },
      NOW,
    );
  expect(told(null, null)).toBeUndefined();
  expect(told(600_000, 650_000)).toMatch(/^about \d\d:\d\d$/);
  expect(told(3_600_000, 600_000)).toMatch(/^between \d\d:\d\d and \d\d:\d\d$/);
  expect(told(null, 3 * 86_400_000)).toMatch(/^about 3 Feb/);
  expect(told(-5_000, null)).toBe("any moment");
});

test("a bar has every accepted row in one segment; what is left out is in none", () => {
  const all = counts({
    accepted: 45,
    invalid: 4,
    duplicate: 3,
    suppressed: 2,
    scheduled: 1,
    queued: 2,
    sending: 3,
    sent: 4,
    delivered: 5,
    read: 6,
    played: 7,
    failed: 8,
    expired: 2,
    canceled: 3,
    unknown: 4,
  });
  expect(segmentsOf(all).reduce((sum, { count }) => sum + count, 0)).toBe(45);
  expect(leftOut(all)).toBe(9);
  expect(withWhatsApp(all)).toBe(29);
});

test("the list says what is under way", () => {
  expect(batchesVerdict([])).toBe("No batch is being sent.");
  const of = (...all: Told["status"][]) => batchesVerdict(all.map((status) => ({ status })));
  expect(of("running", "paused", "completed", "running")).toBe("2 batches being sent, 1 paused.");
  expect(of("completed", "canceled")).toBe("No batch is being sent.");
});

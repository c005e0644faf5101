import fc from "fast-check";
import { expect, test } from "vitest";
import { budgetOf, nextPaceAt, ratePerMinute, resolvePace } from "./pacing.ts";
import { DEFAULT_SETTINGS } from "./settings.ts";

const DAY = 86_400_000;
const at = { now: 10 * DAY, pairedAt: 0 };

test("the slower of rate and gap counts, and the settings where the device says nothing", () => {
  expect(resolvePace({ perMinute: 20, gapMs: 500 }, DEFAULT_SETTINGS, at).gapMs).toBe(3_000);
  expect(resolvePace({ perMinute: 600, gapMs: 500 }, DEFAULT_SETTINGS, at).gapMs).toBe(500);
  expect(resolvePace({}, { ...DEFAULT_SETTINGS, pace_gap_ms: 7 }, at).gapMs).toBe(7);
});

test("the next time is at least a gap and at most a gap and the jitter away", () => {
  fc.assert(
    fc.property(
      fc.nat(100_000),
      fc.nat(100_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (gapMs, jitterMs, jitter) => {
        const next = nextPaceAt(5, resolvePace({ gapMs, jitterMs }, DEFAULT_SETTINGS, at), jitter);
        expect(next).toBeGreaterThanOrEqual(5 + gapMs);
        expect(next).toBeLessThanOrEqual(5 + gapMs + jitterMs + 1);
      },
    ),
  );
});

test("a young device has the caps of its first days, then its own", () => {
  const cap = (days: number) =>
    resolvePace({ warmUp: [20, 40], dailyCap: 1_000 }, DEFAULT_SETTINGS, {
      now: 10 * DAY,
      pairedAt: (10 - days) * DAY + 5,
    }).dailyCap;
  expect([cap(0), cap(1), cap(2)]).toEqual([20, 40, 1_000]);
  // Paired around midnight, by a worker whose clock is ahead.
  expect(cap(-1)).toBe(20);
});

test("a budget counts today only, and cold sends have their own", () => {
  const pace = resolvePace({ dailyCap: 10, coldDailyCap: 3 }, DEFAULT_SETTINGS, at);
  const count = { day: 10, sent: 9, cold: 5 };
  expect(budgetOf(at.now, pace, count)).toEqual({ left: 1, coldLeft: 0, renewsAt: 11 * DAY });
  expect(budgetOf(at.now + DAY, pace, count)).toEqual({
    left: 10,
    coldLeft: 3,
    renewsAt: 12 * DAY,
  });
});

test("the rate of the last minute takes the part of the minute before that lies within it", () => {
  const minute = 28_000_000;
  const moment = (ms: number): number => minute * 60_000 + ms;
  const count = { minute, fed: 6, before: 10 };
  expect(ratePerMinute(moment(0), count)).toBe(16);
  expect(ratePerMinute(moment(30_000), count)).toBe(11);
  expect(ratePerMinute(moment(90_000), count)).toBe(3);
  expect(ratePerMinute(moment(120_000), count)).toBe(0);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { circuitWait, type DeliveryOutcome, judgeDelivery, roomOf } from "./delivery.ts";
import { DEFAULT_SETTINGS as settings } from "./settings.ts";

const at = { number: 1, since: 1_000, now: 1_000, jitter: 0 };
const answered = (status: number, retryAfterMs?: number): DeliveryOutcome => ({
  kind: "answered",
  status,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

test("only 2xx is delivered, 410 is gone, and everything else is tried again", () => {
  for (const status of [200, 201, 202, 204, 299])
    expect(judgeDelivery(answered(status), at, settings)).toEqual({ kind: "delivered" });
  expect(judgeDelivery(answered(410), at, settings)).toEqual({ kind: "gone" });
  for (const status of [301, 302, 307, 400, 401, 404, 429, 500, 503])
    expect(judgeDelivery(answered(status), at, settings)).toMatchObject({ kind: "retry" });
  const silent = { kind: "unanswered", reason: "timeout" } as const;
  expect(judgeDelivery(silent, at, settings)).toMatchObject({ kind: "retry" });
});

test("the waits double up to a cap, half of each is certain", () => {
  const wait = (number: number, jitter: number) => {
    const verdict = judgeDelivery(answered(500), { ...at, number, jitter }, settings);
    return verdict.kind === "retry" ? verdict.at - at.now : undefined;
  };
  expect([1, 2, 3].map((number) => wait(number, 0))).toEqual([2_500, 5_000, 10_000]);
  expect(wait(1, 0.999)).toBeGreaterThan(4_900);
  expect(wait(60, 0)).toBe(1_800_000);
});

test("an endpoint may ask for a longer wait, but for no longer one than ours", () => {
  expect(judgeDelivery(answered(503, 60_000), at, settings)).toEqual({ kind: "retry", at: 61_000 });
  expect(judgeDelivery(answered(429, 1e12), at, settings)).toEqual({
    kind: "retry",
    at: 1_000 + settings.webhook_backoff_cap_ms,
  });
});

test("after a day there is one last try, then it is parked", () => {
  const ends = at.since + settings.webhook_retry_ms;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 90 }),
      fc.nat(settings.webhook_retry_ms - 1),
      (number, age) => {
        const verdict = judgeDelivery(
          answered(500),
          { ...at, number, now: at.since + age },
          settings,
        );
        expect(verdict.kind === "retry" && verdict.at > at.since + age && verdict.at <= ends).toBe(
          true,
        );
      },
    ),
  );
  expect(judgeDelivery(answered(500), { ...at, now: ends }, settings)).toEqual({ kind: "park" });
  expect(judgeDelivery(answered(200), { ...at, now: ends }, settings)).toEqual({
    kind: "delivered",
  });
});

test("an endpoint is left alone for longer each time, up to a cap", () => {
  expect([0, 1, 2, 30].map((opens) => circuitWait(opens, settings))).toEqual([
    30_000, 60_000, 120_000, 600_000,
  ]);
});

test("what is ready is bounded by what may be in hand, all that is open by its limit", () => {
  const room = (open: number, retrying: number) =>
    roomOf({ open, retrying, openUntil: 0 }, 0, settings);
  expect(room(0, 0)).toBe(20);
  expect(room(4, 0)).toBe(16);
  expect(room(20, 0)).toBe(0);
  expect(room(500, 495)).toBe(15);
  expect(room(997, 997)).toBe(3);
  expect(room(1_000, 1_000)).toBe(0);
  expect(room(1_200, 1_200)).toBe(0);
});

test("while its circuit is open an endpoint gets nothing, and then one event at a time", () => {
  const room = (now: number, open: number, retrying: number) =>
    roomOf({ open, retrying, openUntil: 100 }, now, settings);
  expect(room(99, 0, 0)).toBe(0);
  expect(room(100, 0, 0)).toBe(1);
  expect(room(100, 5, 5)).toBe(1);
  expect(room(100, 6, 5)).toBe(0);
  expect(room(100, 1_000, 1_000)).toBe(0);
});

import { describe, expect, test } from "vitest";
import { forecast, type ForecastInput, type ForecastLane, meanGapMs } from "./forecast.ts";
import { budgetOf, type DayCount, dayOf, nextPaceAt, type Pace, resolvePace } from "./pacing.ts";
import { type Candidate, pickNext } from "./pick-next.ts";
import { type QuietHours, quietUntil } from "./quiet-hours.ts";
import { DEFAULT_SETTINGS } from "./settings.ts";

const NOON = Date.parse("2026-03-10T12:00:00Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NEVER: DayCount = { day: 0, sent: 0, cold: 0 };

const lane = (pace: Pace, over: Partial<ForecastLane> = {}): ForecastLane => ({
  pace,
  pairedAt: 0,
  count: NEVER,
  startsAt: 0,
  coldFrom: 0,
  ahead: 0,
  serviceMs: 600,
  ...over,
});

const ask = (over: Partial<ForecastInput>) =>
  forecast({ now: NOON, lanes: [lane({})], rows: [], settings: DEFAULT_SETTINGS, ...over });

interface SimRow {
  readonly cold: boolean;
  readonly quiet?: QuietHours;
  readonly timezone?: string;
}

/** A sequence of numbers from 0 to 1 that looks like chance and is always the same. */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** Lanes that draw from one list on a virtual clock, with the rules of the real ones; when the last row was acked. */
function simulate(rows: readonly SimRow[], paces: readonly Pace[], pairedAt = 0): number {
  const random = chance(7);
  const waiting = rows.map((row, seq) => ({ ...row, seq, at: 0 }));
  const lanes = paces.map((pace) => ({ pace, at: NOON, paceAt: 0, busyUntil: NOON, count: NEVER }));
  let acked = NOON;
  while (waiting.length > 0) {
    const one = lanes.reduce((first, other) => (other.at < first.at ? other : first));
    const now = one.at;
    const pace = resolvePace(one.pace, DEFAULT_SETTINGS, { now, pairedAt });
    const { coldLeft } = budgetOf(now, pace, one.count);
    // A pool gives cold rows to whoever has cold budget left.
    const others = lanes.some((other) => other !== one && hasCold(other, now, pairedAt));
    const ready = waiting
      .filter(({ at, cold }) => at <= now && !(cold && coldLeft === 0 && others))
      .slice(0, 20);
    const pick = pickNext(now, {
      open: true,
      paused: false,
      windowUsed: 0,
      windowSize: 2,
      paceAt: one.paceAt,
      throttledUntil: 0,
      budget: budgetOf(now, pace, one.count),
      passedOver: 0,
      candidates: ready.map((row): Candidate => ({
        id: String(row.seq),
        priority: "bulk",
        recipient: String(row.seq),
        seq: row.seq,
        gated: false,
        warm: !row.cold,
        quietUntil: row.quiet === undefined ? 0 : quietUntil(now, row.quiet, row.timezone ?? "UTC"),
        recipientFreeAt: 0,
      })),
    });
    for (const { id, at } of pick.aside.later) {
      const row = waiting.find(({ seq }) => String(seq) === id);
      if (row !== undefined) row.at = at;
    }
    if (pick.kind === "pick") {
      waiting.splice(
        waiting.findIndex(({ seq }) => String(seq) === pick.id),
        1,
      );
      const today = dayOf(now);
      const { sent, cold } = one.count.day === today ? one.count : { sent: 0, cold: 0 };
      one.count = { day: today, sent: sent + 1, cold: cold + (pick.cold ? 1 : 0) };
      one.paceAt = nextPaceAt(now, pace, random());
      one.busyUntil = now + 600;
      acked = Math.max(acked, one.busyUntil);
      one.at = one.busyUntil;
      continue;
    }
    const due = waiting.reduce(
      (first, { at }) => (at > now ? Math.min(first, at) : first),
      Infinity,
    );
    const next = Math.min(pick.until ?? Infinity, due);
    one.at = pick.aside.later.length > 0 ? now : Math.max(now + 1, next);
  }
  return acked;
}

function hasCold(
  { pace, count }: { readonly pace: Pace; readonly count: DayCount },
  now: number,
  pairedAt: number,
): boolean {
  const resolved = resolvePace(pace, DEFAULT_SETTINGS, { now, pairedAt });
  const { left, coldLeft } = budgetOf(now, resolved, count);
  return left > 0 && coldLeft > 0;
}

const mixed = (count: number, coldShare: number, more: Partial<SimRow> = {}): SimRow[] => {
  const random = chance(99);
  return Array.from({ length: count }, () => ({ cold: random() < coldShare, ...more }));
};

/** The rows as a forecast is asked for them. */
function grouped(rows: readonly SimRow[]): ForecastInput["rows"] {
  const groups = Map.groupBy(rows, ({ timezone = "" }) => timezone);
  return [...groups.values()].map((group) => {
    const { quiet, timezone } = group[0] ?? {};
    return {
      warm: group.filter(({ cold }) => !cold).length,
      cold: group.filter(({ cold }) => cold).length,
      ...(quiet === undefined ? {} : { quiet }),
      ...(timezone === undefined ? {} : { timezone }),
    };
  });
}

const night = { from: "20:00", to: "09:00" };

describe("within 15 % of a lane that is simulated with the real rules", () => {
  const cases: [string, SimRow[], Pace[], number][] = [
    ["a pace and jitter", mixed(600, 0.5), [{ perMinute: 8, jitterMs: 4_000 }], 0],
    ["no pace: the acks", mixed(2_000, 0), [{}], 0],
    ["jitter below the ack", mixed(1_000, 0), [{ gapMs: 100, jitterMs: 900 }], 0],
    ["a daily cap", mixed(900, 0.2), [{ perMinute: 20, dailyCap: 200 }], 0],
    [
      "a cold budget and a warm-up",
      mixed(900, 0.4),
      [{ perMinute: 30, jitterMs: 1_000, coldDailyCap: 40, warmUp: [20, 40, 80, 160] }],
      NOON - HOUR,
    ],
    [
      "quiet hours in three zones",
      ["America/Sao_Paulo", "Asia/Kolkata", "America/Los_Angeles"].flatMap((timezone) =>
        mixed(250, 0, { quiet: night, timezone }),
      ),
      [{ perMinute: 1 }],
      0,
    ],
    [
      "a pool of unlike devices",
      mixed(1_500, 0.5),
      [{ perMinute: 10 }, { perMinute: 30, dailyCap: 300 }, { perMinute: 20, coldDailyCap: 50 }],
      0,
    ],
  ];
  test.each(cases)("%s", (_, rows, paces, pairedAt) => {
    const real = simulate(rows, paces, pairedAt) - NOON;
    const lanes = paces.map((pace) => lane(pace, { pairedAt }));
    const told = (ask({ lanes, rows: grouped(rows) }).finishAt ?? 0) - NOON;
    expect(Math.abs(told - real) / real).toBeLessThan(0.15);
  });
});

test("one row is acked after one attempt, and no row is done at once", () => {
  expect(ask({ rows: [{ warm: 1, cold: 0 }] }).finishAt).toBe(NOON + 600);
  expect(ask({ rows: [] }).finishAt).toBe(NOON);
});

test("what goes first, a start that is later and a hold move the end", () => {
  const pace = { gapMs: 10_000 };
  const rows = [{ warm: 0, cold: 7 }];
  const plain = ask({ lanes: [lane(pace)], rows }).finishAt ?? 0;
  expect(plain).toBe(NOON + 60_600);
  const behind = ask({ lanes: [lane(pace, { ahead: 10 })], rows });
  expect(behind.finishAt).toBe(plain + 100_000);
  const later = { lanes: [lane(pace, { startsAt: NOON + 5_000 })], rows };
  expect(ask(later).finishAt).toBe(plain + 5_000);
  expect(ask({ lanes: [lane(pace)], rows, sendAt: NOON + DAY }).finishAt).toBe(plain + DAY);
  const held = ask({ lanes: [lane(pace, { coldFrom: NOON + HOUR })], rows });
  expect(held).toEqual({ finishAt: plain + HOUR, unsent: 0, limits: ["hold"] });
});

test("what limits it is named, and only that", () => {
  const rows = [{ warm: 50, cold: 50 }];
  expect(ask({ lanes: [lane({ gapMs: 1_000 })], rows }).limits).toEqual([]);
  const capped = ask({ lanes: [lane({ gapMs: 1_000, dailyCap: 60 })], rows });
  expect(capped.limits).toEqual(["daily_cap"]);
  expect(capped.finishAt).toBeGreaterThan(Date.parse("2026-03-11T00:00:00Z"));
  const cold = ask({ lanes: [lane({ gapMs: 1_000, coldDailyCap: 20 })], rows });
  expect(cold.limits).toEqual(["cold_daily_cap"]);
  // 20 today, 20 tomorrow, 10 the day after: the last of them nine gaps into that day.
  expect(cold.finishAt).toBeCloseTo(Date.parse("2026-03-12T00:00:09.600Z"), -2);
  const asleep = [{ warm: 1, cold: 0, quiet: { from: "11:00", to: "13:00" }, timezone: "UTC" }];
  expect(ask({ rows: asleep })).toMatchObject({ limits: ["quiet_hours"], unsent: 0 });
});

test("today's count is spent already; a pair of devices takes half the time", () => {
  const rows = [{ warm: 100, cold: 0 }];
  const pace = { gapMs: 60_000, dailyCap: 150 };
  const today = { day: dayOf(NOON), sent: 60, cold: 0 };
  const spent = ask({ lanes: [lane(pace, { count: today })], rows }).finishAt ?? 0;
  expect(spent).toBeCloseTo(Date.parse("2026-03-11T00:09:00.600Z"), -2);
  const one = (ask({ lanes: [lane(pace)], rows }).finishAt ?? 0) - NOON;
  const two = (ask({ lanes: [lane(pace), lane(pace)], rows }).finishAt ?? 0) - NOON;
  expect(two / one).toBeCloseTo(0.5, 1);
});

test("rows that won't have left in time are told", () => {
  const rows = [{ warm: 100, cold: 0 }];
  const lanes = [lane({ gapMs: 60_000 })];
  const told = ask({ lanes, rows, expiresAt: NOON + HOUR });
  expect(told).toEqual({ unsent: 40, limits: [] });
  expect(ask({ lanes: [], rows })).toMatchObject({ unsent: 100 });
});

test("a hundred thousand rows over a hundred devices are foreseen at once", () => {
  const paces = Array.from({ length: 100 }, (_, index) => ({
    perMinute: 5 + (index % 7),
    dailyCap: 100 + index,
    coldDailyCap: 20 + (index % 11),
  }));
  const { finishAt } = ask({
    lanes: paces.map((pace) => lane(pace)),
    rows: [{ warm: 60_000, cold: 40_000, quiet: night, timezone: "America/Sao_Paulo" }],
  });
  // 15,000 a day at most, of which 2,500 cold: the cold ones take sixteen days.
  expect(((finishAt ?? 0) - NOON) / DAY).toBeGreaterThan(14);
  expect(((finishAt ?? 0) - NOON) / DAY).toBeLessThan(19);
}, 10_000);

test("the mean gap is the pace with half the jitter, or the wait for the ack", () => {
  const settings = DEFAULT_SETTINGS;
  const pace = (given: Pace) => resolvePace(given, settings, { now: NOON, pairedAt: 0 });
  expect(meanGapMs(pace({ gapMs: 1_000, jitterMs: 400 }), 600)).toBeCloseTo(1_200, -1);
  expect(meanGapMs(pace({}), 600)).toBe(600);
  expect(meanGapMs(pace({ gapMs: 0, jitterMs: 1_200 }), 600)).toBeCloseTo(750, -1);
});

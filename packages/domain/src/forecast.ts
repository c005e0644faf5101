import {
  budgetOf,
  type DayCount,
  dayOf,
  nextPaceAt,
  type Pace,
  resolvePace,
  type ResolvedPace,
} from "./pacing.ts";
import { type QuietHours, quietUntil } from "./quiet-hours.ts";
import type { Settings } from "./settings.ts";

/** A device that sends. Times are ms since the epoch. */
export interface ForecastLane {
  /** As its user set it. */
  readonly pace: Pace;
  /** When it was paired; 0 when unknown. */
  readonly pairedAt: number;
  /** What it sent today. */
  readonly count: DayCount;
  /** It sends nothing before (its pace, a throttle); 0: at once. */
  readonly startsAt: number;
  /** It starts no new chats before (a hold); 0: at once. */
  readonly coldFrom: number;
  /** Messages that go first. */
  readonly ahead: number;
  /** What one message takes from the attempt to the ack, ms: the next one waits for it. */
  readonly serviceMs: number;
}

/** Rows whose recipients sleep at the same time. */
export interface ForecastRows {
  readonly warm: number;
  /** To recipients without a living conversation. */
  readonly cold: number;
  readonly quiet?: QuietHours;
  /** On whose clock; needed with quiet hours. */
  readonly timezone?: string;
}

export interface ForecastInput {
  readonly now: number;
  /** One, or those of a pool. */
  readonly lanes: readonly ForecastLane[];
  readonly rows: readonly ForecastRows[];
  /** Nothing goes before. */
  readonly sendAt?: number;
  /** Nothing goes from then on. */
  readonly expiresAt?: number;
  readonly settings: Settings;
}

/** What holds up rows for a while; a pace always does. */
export const FORECAST_LIMITS = ["daily_cap", "cold_daily_cap", "hold", "quiet_hours"] as const;
export type ForecastLimit = (typeof FORECAST_LIMITS)[number];

export interface Forecast {
  /** When the last row will have been acked; absent when that is not foreseeable, or not before `expiresAt`. */
  readonly finishAt?: number;
  /** Rows that will not have left by `expiresAt`, or within what is foreseeable. */
  readonly unsent: number;
  readonly limits: readonly ForecastLimit[];
}

/** Days that are looked ahead. */
const HORIZON_DAYS = 400;
const DAY_MS = 86_400_000;
const MOST_STEPS = 100_000;
/** Less than this of a row is none. */
const CRUMB = 1e-6;

/**
 * When rows will have been sent, by the pace, caps, warm-up and quiet hours that lanes keep to. Rows flow in their order, cold and warm
 * mixed; between two moments at which something changes (a budget is spent, a day begins, recipients wake or fall asleep) they flow evenly.
 */
export function forecast(input: ForecastInput): Forecast {
  const start = Math.max(input.now, input.sendAt ?? 0);
  const end = Math.min(input.expiresAt ?? Infinity, start + HORIZON_DAYS * DAY_MS);
  const flow: Flow = {
    at: start,
    rows: input.rows.map((rows) => ({ ...rows })),
    lanes: input.lanes.map((lane) => ({ ...lane, day: -1, gapMs: 0, budget: 0, coldBudget: 0 })),
    limits: new Set(),
    lastGapMs: 0,
  };
  for (
    let steps = 0;
    leftOf(flow.rows) > CRUMB && flow.at < end && steps < MOST_STEPS;
    steps += 1
  ) {
    for (const lane of flow.lanes) renew(lane, flow.at, input.settings);
    if (!step(flow, end)) break;
  }
  const limits = FORECAST_LIMITS.filter((limit) => flow.limits.has(limit));
  const unsent = Math.ceil(leftOf(flow.rows) - CRUMB);
  return unsent > 0 ? { unsent, limits } : { finishAt: lastAckAt(flow, start), unsent: 0, limits };
}

/** From one message of a lane to the next, ms, on average: its pace with jitter, or the wait for the ack where that takes longer. */
export function meanGapMs(pace: ResolvedPace, serviceMs: number): number {
  const samples = Array.from({ length: JITTERS }, (_, index) => (index + 0.5) / JITTERS);
  const gaps = samples.map((jitter) => Math.max(nextPaceAt(0, pace, jitter), serviceMs, 1));
  return gaps.reduce((sum, gap) => sum + gap, 0) / JITTERS;
}

const JITTERS = 16;

interface Lane extends ForecastLane {
  ahead: number;
  day: number;
  gapMs: number;
  budget: number;
  coldBudget: number;
}

interface Rows extends ForecastRows {
  warm: number;
  cold: number;
}

interface Flow {
  at: number;
  readonly rows: readonly Rows[];
  readonly lanes: readonly Lane[];
  readonly limits: Set<ForecastLimit>;
  lastGapMs: number;
}

/** A new day: another step of the warm-up, and full budgets. */
function renew(lane: Lane, now: number, settings: Settings): void {
  const today = dayOf(now);
  if (lane.day === today) return;
  const pace = resolvePace(lane.pace, settings, { now, pairedAt: lane.pairedAt });
  const budget = budgetOf(now, pace, lane.count);
  lane.day = today;
  lane.gapMs = meanGapMs(pace, lane.serviceMs);
  lane.budget = budget.left;
  lane.coldBudget = budget.coldLeft;
}

/** Flows on to the next moment at which something changes; false when nothing will. */
function step(flow: Flow, end: number): boolean {
  const { at, rows, lanes, limits } = flow;
  const awake = rows.filter((one) => leftOf([one]) > CRUMB && sleepsUntil(one, at) <= at);
  if (awake.length === 0) limits.add("quiet_hours");
  const moments = [
    (dayOf(at) + 1) * DAY_MS,
    end,
    ...lanes.flatMap(({ startsAt, coldFrom }) => [startsAt, coldFrom]),
    ...rows.map((one) => changesAt(one, at)),
  ];
  const next = moments.filter((moment) => moment > at).reduce((a, b) => Math.min(a, b), Infinity);
  if (next === Infinity) return false;
  const open = lanes.filter((lane) => lane.startsAt <= at && lane.budget > CRUMB);
  if (lanes.some((lane) => lane.startsAt <= at && lane.budget <= CRUMB)) limits.add("daily_cap");
  const rates = ratesOf(flow, open, awake);
  const ms = Math.min(next - at, ...rates.lanes.map(spentIn), ...restIn(awake, rates));
  pour(awake, rates, ms);
  flow.at = ms < CRUMB ? Math.min(next, at + 1) : at + ms;
  return true;
}

/** Messages a ms of one lane. */
interface LaneRate {
  readonly lane: Lane;
  readonly total: number;
  readonly cold: number;
  /** It still sends what goes first. */
  readonly behind: boolean;
}

interface Rates {
  readonly lanes: readonly LaneRate[];
  readonly cold: number;
  readonly warm: number;
}

function ratesOf(flow: Flow, open: readonly Lane[], awake: readonly Rows[]): Rates {
  const behind = open.filter(({ ahead }) => ahead > CRUMB);
  const free = open.filter(({ ahead }) => ahead <= CRUMB);
  const cool = new Set(free.filter((lane) => lane.coldFrom <= flow.at && lane.coldBudget > CRUMB));
  const [coldRows, warmRows] = [sumOf(awake, "cold"), sumOf(awake, "warm")];
  const speed = (lanes: Iterable<Lane>): number =>
    [...lanes].reduce((sum, { gapMs }) => sum + 1 / gapMs, 0);
  const [all, most] = [speed(free), speed(cool)];
  const wanted = warmRows > CRUMB ? (all * coldRows) / (coldRows + warmRows) : all;
  const cold = coldRows > CRUMB ? Math.min(wanted, most) : 0;
  const warm = warmRows > CRUMB ? all - cold : 0;
  noteLimits(flow, free, cold < wanted - CRUMB * all && coldRows > CRUMB);
  if (cold + warm > 0) flow.lastGapMs = Math.min(...free.map(({ gapMs }) => gapMs));
  const rateOf = (lane: Lane): LaneRate => {
    const share = cool.has(lane) && most > 0 ? cold / (most * lane.gapMs) : 0;
    const total = warm > 0 ? 1 / lane.gapMs : share;
    return { lane, total, cold: share, behind: false };
  };
  const before = behind.map((lane) => ({ lane, total: 1 / lane.gapMs, cold: 0, behind: true }));
  return { lanes: [...before, ...free.map(rateOf)], cold, warm };
}

function noteLimits({ at, limits }: Flow, free: readonly Lane[], coldWaits: boolean): void {
  if (!coldWaits) return;
  if (free.some(({ coldFrom }) => coldFrom > at)) limits.add("hold");
  if (free.some(({ coldBudget }) => coldBudget <= CRUMB)) limits.add("cold_daily_cap");
}

/** After how long (ms) a budget of the lane, or what goes first, is used up. */
function spentIn({ lane, total, cold, behind }: LaneRate): number {
  return Math.min(
    total > 0 ? lane.budget / total : Infinity,
    cold > 0 ? lane.coldBudget / cold : Infinity,
    behind ? lane.ahead / total : Infinity,
  );
}

/** After how long (ms) no cold, or no warm, row is left that is awake. */
function restIn(awake: readonly Rows[], { cold, warm }: Rates): readonly number[] {
  return [
    cold > 0 ? sumOf(awake, "cold") / cold : Infinity,
    warm > 0 ? sumOf(awake, "warm") / warm : Infinity,
  ];
}

function pour(awake: readonly Rows[], { lanes, cold, warm }: Rates, ms: number): void {
  for (const { lane, total, cold: started, behind } of lanes) {
    lane.budget -= total * ms;
    lane.coldBudget -= started * ms;
    if (behind) lane.ahead -= total * ms;
  }
  const keep = (kind: "cold" | "warm", rate: number): number => {
    const all = sumOf(awake, kind);
    return all > CRUMB ? Math.max(0, 1 - (rate * ms) / all) : 0;
  };
  const [coldKept, warmKept] = [keep("cold", cold), keep("warm", warm)];
  for (const rows of awake) {
    rows.cold *= coldKept;
    rows.warm *= warmKept;
  }
}

/** A lane sends its first row at once: between n rows there are n - 1 gaps. */
function lastAckAt({ at, lanes, lastGapMs }: Flow, start: number): number {
  if (lastGapMs === 0) return start;
  const service = lanes.reduce((most, { serviceMs }) => Math.max(most, serviceMs), 0);
  return Math.round(Math.max(start, at - lastGapMs) + service);
}

function sumOf(rows: readonly Rows[], kind: "cold" | "warm"): number {
  return rows.reduce((sum, one) => sum + one[kind], 0);
}

function leftOf(rows: readonly Rows[]): number {
  return sumOf(rows, "cold") + sumOf(rows, "warm");
}

function sleepsUntil({ quiet, timezone = "UTC" }: ForecastRows, now: number): number {
  return quiet === undefined ? 0 : quietUntil(now, quiet, timezone);
}

/** When the recipients wake, or fall asleep. */
function changesAt(rows: ForecastRows, now: number): number {
  const { quiet, timezone = "UTC" } = rows;
  if (quiet === undefined || quiet.from === quiet.to) return Infinity;
  const wakes = sleepsUntil(rows, now);
  return wakes > now ? wakes : quietUntil(now, { from: quiet.to, to: quiet.from }, timezone);
}

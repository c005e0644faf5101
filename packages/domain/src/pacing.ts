import type { Settings } from "./settings.ts";

/** How fast a device may send, as its user set it; absent values take the installation's settings. */
export interface Pace {
  readonly perMinute?: number;
  /** Shortest time between two messages of the device. */
  readonly gapMs?: number;
  /** Up to so much is added to each gap, at random. */
  readonly jitterMs?: number;
  /** Shortest time between two messages to the same recipient. */
  readonly recipientGapMs?: number;
  /** Messages a day (UTC). */
  readonly dailyCap?: number;
  /** Of these, to recipients without a living conversation. */
  readonly coldDailyCap?: number;
  /** Caps of the first days after the pairing, one a day; the daily cap counts from then on. */
  readonly warmUp?: readonly number[];
}

export interface ResolvedPace {
  readonly gapMs: number;
  readonly jitterMs: number;
  readonly recipientGapMs: number;
  readonly dailyCap: number;
  readonly coldDailyCap: number;
}

/** What a device sent on one day. */
export interface DayCount {
  /** Days since the epoch, UTC. */
  readonly day: number;
  readonly sent: number;
  readonly cold: number;
}

export interface Budget {
  readonly left: number;
  readonly coldLeft: number;
  /** When both are full again, ms since the epoch. */
  readonly renewsAt: number;
}

const DAY_MS = 86_400_000;
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** The day of a time: whole days since the epoch, UTC. */
export function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

/** @param pairedAt when the device was paired with its number, ms since the epoch; 0 when unknown */
export function resolvePace(
  pace: Pace,
  settings: Settings,
  at: { readonly now: number; readonly pairedAt: number },
): ResolvedPace {
  const perMinute = pace.perMinute ?? 0;
  const cap = limit(pace.dailyCap ?? settings.pace_daily_cap);
  // Another process, whose clock is ahead, may have noted the pairing: on the first day all the same.
  const daysPaired =
    at.pairedAt === 0 ? UNLIMITED : Math.max(0, dayOf(at.now) - dayOf(at.pairedAt));
  const warming = pace.warmUp?.[daysPaired];
  return {
    gapMs: Math.max(pace.gapMs ?? settings.pace_gap_ms, perMinute > 0 ? 60_000 / perMinute : 0),
    jitterMs: pace.jitterMs ?? settings.pace_jitter_ms,
    recipientGapMs: pace.recipientGapMs ?? settings.pace_recipient_gap_ms,
    dailyCap: warming === undefined ? cap : Math.min(cap, warming),
    coldDailyCap: limit(pace.coldDailyCap ?? settings.pace_cold_daily_cap),
  };
}

/** What a lane sent in one minute, counted since the epoch, and in the one before. */
interface MinuteCount {
  readonly minute: number;
  readonly fed: number;
  readonly before: number;
}

const MINUTE_MS = 60_000;

/** Messages of the last sixty seconds, to a tenth: of the minute before as many as its part within them. */
export function ratePerMinute(now: number, { minute, fed, before }: MinuteCount): number {
  const passed = (now % MINUTE_MS) / MINUTE_MS;
  const since = Math.floor(now / MINUTE_MS) - minute;
  const count = since === 0 ? fed + before * (1 - passed) : since === 1 ? fed * (1 - passed) : 0;
  return Math.round(count * 10) / 10;
}

/** When the next message may go, after one went now. */
export function nextPaceAt(now: number, pace: ResolvedPace, jitter: number): number {
  return Math.ceil(now + pace.gapMs + pace.jitterMs * jitter);
}

export function budgetOf(now: number, pace: ResolvedPace, count: DayCount): Budget {
  const today = dayOf(now);
  const { sent, cold } = count.day === today ? count : { sent: 0, cold: 0 };
  return {
    left: Math.max(0, pace.dailyCap - sent),
    coldLeft: Math.max(0, pace.coldDailyCap - cold),
    renewsAt: (today + 1) * DAY_MS,
  };
}

/** A cap of 0 in the settings means none. */
function limit(cap: number): number {
  return cap === 0 ? UNLIMITED : cap;
}

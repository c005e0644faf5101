import type { OverviewBody } from "@pombo/contract";
import {
  addTallies,
  type AttentionItem,
  type Blocker,
  DEVICE_STATES,
  type ErrorCode,
  PRIORITIES,
  type Pulse,
  quantileOf,
  readPulse,
  type Settings,
} from "@pombo/domain";
import type { LaneSurvey, PooledRows, PulseBucket } from "@pombo/ledger";
import { instant } from "./answer.ts";
import { instantOrNull } from "./render-message.ts";
import { renderWorkers } from "./routes/workers.ts";
import { firstOf, type Overview, pooledRows } from "./take-overview.ts";

/** What of an overview is told: how far back, in steps of which length, and how many of the last steps (all when absent). */
export interface OverviewView {
  readonly windowS: number;
  readonly stepS: number;
  readonly steps?: number;
}

const SHOWN = 50;
/** Rates are of the minute before the stretch that has only begun. */
const RATE_MS = 60_000;

export function renderOverview(
  seen: Overview,
  view: OverviewView,
  settings: Settings,
): OverviewBody {
  const length = settings.overview_bucket_ms;
  const windowMs = wholeStretches(view.windowS, length);
  const stepMs = Math.min(windowMs, wholeStretches(view.stepS, length));
  const inWindow = seen.buckets.filter(({ start }) => start > seen.at - windowMs);
  const parts = steps(inWindow, stepMs, view.steps);
  return {
    ...render(seen, inWindow, settings),
    window_s: windowMs / 1_000,
    step_s: stepMs / 1_000,
    buckets: parts,
  };
}

/** A time in seconds as whole stretches, at least one; in ms. */
function wholeStretches(seconds: number, length: number): number {
  return Math.max(1, Math.ceil((seconds * 1_000) / length)) * length;
}

function render(
  seen: Overview,
  inWindow: readonly PulseBucket[],
  settings: Settings,
): Omit<OverviewBody, "window_s" | "step_s" | "buckets"> {
  const { at, lanes, fleet, redis, attention } = seen;
  const pulse = readPulse(addTallies(inWindow.map(({ tallies }) => tallies)));
  const names = new Map(lanes.map(({ deviceId, name }) => [deviceId, name]));
  return {
    success: true,
    at: instant(at),
    totals: pulse.counts,
    rates: ratesOf(inWindow, settings.overview_bucket_ms),
    accept_to_ack: latencyOf(pulse.acks),
    ack_to_delivered: latencyOf(pulse.deliveries),
    failures: codesOf("failed", pulse.failures, inWindow),
    retries: codesOf("queued", pulse.retries, inWindow),
    depth: depthOf(lanes),
    dead_letters: seen.deadLetters,
    devices: devicesOf(lanes),
    blocked: blockedOf(lanes),
    ...renderWorkers(fleet, settings),
    leases_taken: pulse.leases,
    redis: {
      used_percent: round(redis.usedPercent),
      writable: redis.writable,
      round_trip_ms: round(redis.roundTripMs),
    },
    attention: attention.slice(0, SHOWN).map((item) => renderItem(item, names)),
    attention_total: attention.length,
  };
}

function latencyOf(slots: Pulse["acks"]): OverviewBody["accept_to_ack"] {
  const count = [...slots.values()].reduce((sum, times) => sum + times, 0);
  const [p50, p99] = [quantileOf(slots, 0.5), quantileOf(slots, 0.99)];
  return { count, p50_ms: p50 ?? null, p99_ms: p99 ?? null };
}

/** Steps begin at whole multiples of their length, so that a step is the same step in the next answer. */
function steps(
  buckets: readonly PulseBucket[],
  stepMs: number,
  last = Infinity,
): OverviewBody["buckets"] {
  const end = buckets.at(-1)?.start ?? 0;
  const from = end - (end % stepMs) - (last - 1) * stepMs;
  const told = buckets.filter(({ start }) => start >= from);
  const grouped = Map.groupBy(told, ({ start }) => start - (start % stepMs));
  return [...grouped].map(([start, parts]) => {
    const { counts, acks } = readPulse(addTallies(parts.map(({ tallies }) => tallies)));
    return {
      start: instant(start),
      ...counts,
      accept_to_ack_p50_ms: quantileOf(acks, 0.5) ?? null,
      accept_to_ack_p99_ms: quantileOf(acks, 0.99) ?? null,
    };
  });
}

/** What happened a second, in the last minute that is over. */
function ratesOf(buckets: readonly PulseBucket[], length: number): OverviewBody["rates"] {
  const over = buckets.slice(0, -1).slice(-Math.max(1, Math.ceil(RATE_MS / length)));
  const { counts } = readPulse(addTallies(over.map(({ tallies }) => tallies)));
  const seconds = Math.max(1, (over.length * length) / 1_000);
  const rate = (count: number): number => round(count / seconds);
  return {
    over_s: seconds,
    accepted_per_s: rate(counts.accepted),
    acked_per_s: rate(counts.sent),
    failed_per_s: rate(counts.failed),
  };
}

function codesOf(
  status: "failed" | "queued",
  codes: ReadonlyMap<ErrorCode, number>,
  buckets: readonly PulseBucket[],
): OverviewBody["failures"] {
  return [...codes]
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => ({
      code,
      count,
      since: instant(firstOf(buckets, `${status}|${code}`) ?? 0),
    }));
}

function depthOf(lanes: readonly LaneSurvey[]): OverviewBody["depth"] {
  const sum = (of: (lane: LaneSurvey) => number): number =>
    lanes.reduce((total, lane) => total + of(lane), 0);
  const oldest = (
    of: (lane: LaneSurvey) => number | undefined,
    rows: readonly PooledRows[],
  ): string | null => {
    const first = rows.reduce((least, { acceptedAt }) => Math.min(least, acceptedAt), Infinity);
    const at = lanes.reduce((least, lane) => Math.min(least, of(lane) ?? Infinity), first);
    return at === Infinity ? null : instant(at);
  };
  const pooled = pooledRows(lanes);
  const classes = PRIORITIES.map((priority) => {
    const ofClass = pooled.filter((one) => one.priority === priority);
    return [
      priority,
      {
        waiting: sum(({ backlog }) => backlog[priority]) + rowsOf(ofClass),
        oldest_at: oldest((lane) => lane.oldest[priority], ofClass),
      },
    ];
  });
  return {
    total: sum(({ waiting, held }) => waiting + held) + rowsOf(pooled),
    oldest_at: oldest(({ oldestAt }) => oldestAt, pooled),
    drained_at: drainedAt(lanes),
    held: sum(({ held }) => held),
    in_window: sum(({ window }) => window),
    ...(Object.fromEntries(classes) as Pick<OverviewBody["depth"], (typeof PRIORITIES)[number]>),
  };
}

/** The latest of those that can be told; null when there is none. */
function drainedAt(lanes: readonly LaneSurvey[]): string | null {
  const last = lanes.reduce((latest, lane) => Math.max(latest, lane.drainedAt ?? 0), 0);
  return last === 0 ? null : instant(last);
}

function rowsOf(pooled: readonly PooledRows[]): number {
  return pooled.reduce((total, { rows }) => total + rows, 0);
}

function devicesOf(lanes: readonly LaneSurvey[]): OverviewBody["devices"] {
  const grouped = Map.groupBy(lanes, ({ state }) => state);
  const counts = DEVICE_STATES.map((state) => [state, grouped.get(state)?.length ?? 0]);
  return {
    total: lanes.length,
    unowned: lanes.filter(({ owned }) => !owned).length,
    by_state: Object.fromEntries(counts) as OverviewBody["devices"]["by_state"],
  };
}

function blockedOf(lanes: readonly LaneSurvey[]): OverviewBody["blocked"] {
  const stopped = lanes.flatMap((lane) =>
    lane.stopped === undefined ? [] : [{ lane, ...lane.stopped }],
  );
  const grouped = Map.groupBy(stopped, ({ by }): Blocker => by);
  return [...grouped].map(([reason, found]) => {
    const since = found.reduce((first, one) => Math.min(first, one.since ?? Infinity), Infinity);
    return {
      reason,
      lanes: found.length,
      waiting: found.reduce((total, { lane }) => total + lane.waiting + lane.held, 0),
      since: since === Infinity ? null : instant(since),
    };
  });
}

function renderItem(
  item: AttentionItem,
  names: ReadonlyMap<string, string>,
): OverviewBody["attention"][number] {
  const { kind, size, since, until, deviceId, webhookId, code } = item;
  return {
    kind,
    size,
    since: instantOrNull(since),
    until: instantOrNull(until),
    device_id: deviceId ?? null,
    device_name: deviceId === undefined ? null : (names.get(deviceId) ?? null),
    webhook_id: webhookId ?? null,
    code: code ?? null,
  };
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

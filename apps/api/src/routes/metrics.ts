import { addTallies, ATTENTION_KINDS, DEVICE_STATES, PRIORITIES, readPulse } from "@pombo/domain";
import type { LaneSurvey } from "@pombo/ledger";
import type { Metrics } from "@pombo/telemetry";
import { refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import type { EventTail } from "../event-tail.ts";
import { type Overview, type Overviewer, pooledRows } from "../take-overview.ts";

export interface MetricsDeps {
  readonly overviewer: Overviewer;
  readonly tail: Pick<EventTail, "listeners">;
  readonly metrics: Metrics;
}

/** `GET /metrics`: of this process, and what the installation looks like from it. */
export function getMetrics({ overviewer, tail, metrics }: MetricsDeps): Handler<"getMetrics"> {
  return async ({ caller }) => {
    if (caller.devices !== "*")
      return refuse({ code: "FORBIDDEN", detail: "The API key is limited to certain devices" });
    const seen = await overviewer.take();
    const body = await metrics.render({ live_clients: tail.listeners(), ...gaugesOf(seen) });
    const headers = { "Content-Type": metrics.contentType };
    return { kind: "answer", status: 200, headers, body };
  };
}

const MINUTE_MS = 60_000;
const QUARTER_MS = 900_000;

/** Of the whole installation: every API process tells the same, so they are not to be summed. */
function gaugesOf({ at, lanes, buckets, fleet, deadLetters, redis, attention }: Overview) {
  // The stretch of this moment has only begun: the minute before it.
  const now = buckets.at(-1)?.start ?? at;
  const minute = buckets.filter(({ start }) => start >= now - MINUTE_MS && start < now);
  const { counts } = readPulse(addTallies(minute.map(({ tallies }) => tallies)));
  const quarter = buckets.filter(({ start }) => start >= at - QUARTER_MS);
  const stopped = lanes.filter((lane) => lane.stopped !== undefined);
  return {
    workers: fleet.workers.length,
    devices: fleet.devices,
    devices_without_worker: fleet.unowned,
    // A worker that dies takes its own count along.
    leases_taken_lately: readPulse(addTallies(quarter.map(({ tallies }) => tallies))).leases,
    dead_letters: deadLetters,
    devices_in_state: {
      by: "state",
      values: { ...noneOf(DEVICE_STATES), ...tallied(lanes, ({ state }) => state) },
    },
    lanes_stopped: { by: "reason", values: tallied(stopped, (lane) => lane.stopped?.by ?? "") },
    messages_waiting: { by: "class", values: byClass(lanes, depthOf) },
    messages_held: lanes.reduce((sum, { held }) => sum + held, 0),
    messages_in_hand: lanes.reduce((sum, { window }) => sum + window, 0),
    oldest_waiting_seconds: {
      by: "class",
      values: byClass(lanes, (all, priority) => ageOf(all, priority, at)),
    },
    messages_lately: { by: "status", values: counts },
    attention: {
      by: "kind",
      values: { ...noneOf(ATTENTION_KINDS), ...tallied(attention, ({ kind }) => kind) },
    },
    redis_used_percent: redis.usedPercent,
    redis_round_trip_seconds: redis.roundTripMs / 1_000,
  };
}

/** Told as 0, so that the first one is a rise. */
function noneOf(names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, 0]));
}

function tallied<T>(all: readonly T[], name: (one: T) => string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const one of all) counts[name(one)] = (counts[name(one)] ?? 0) + 1;
  return counts;
}

type Priority = (typeof PRIORITIES)[number];

function byClass(
  lanes: readonly LaneSurvey[],
  of: (lanes: readonly LaneSurvey[], priority: Priority) => number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(PRIORITIES.map((priority) => [priority, of(lanes, priority)]));
}

function depthOf(lanes: readonly LaneSurvey[], priority: Priority): number {
  const pooled = pooledRows(lanes).filter((one) => one.priority === priority);
  const rows = pooled.reduce((sum, one) => sum + one.rows, 0);
  return lanes.reduce((sum, { backlog }) => sum + backlog[priority], rows);
}

/** 0 where nothing waits. */
function ageOf(lanes: readonly LaneSurvey[], priority: Priority, now: number): number {
  const pooled = pooledRows(lanes).filter((one) => one.priority === priority);
  const rows = pooled.reduce((least, { acceptedAt }) => Math.min(least, acceptedAt), now);
  const first = lanes.reduce((least, { oldest }) => Math.min(least, oldest[priority] ?? now), rows);
  return (now - first) / 1_000;
}

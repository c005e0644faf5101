import {
  type Blocker,
  type Budget,
  budgetOf,
  type DayCount,
  type DeviceId,
  type DeviceState,
  explainWait,
  type Pace,
  ratePerMinute,
  PRIORITIES,
  type Priority,
  type ResolvedPace,
  resolvePace,
  type Settings,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { drainGap, measuredGap } from "./drain-gap.ts";

/** A lane as its user sees it. Times are ms since the epoch. */
export interface LaneReport {
  /** Waiting messages that may go in their turn. */
  readonly backlog: Readonly<Record<Priority, number>>;
  /** Set aside while cold sends of the account are held. */
  readonly held: number;
  /** In hand or next. */
  readonly window: number;
  /** Waiting under an earlier phone number. */
  readonly earlier: number;
  readonly pace: ResolvedPace;
  readonly budget: Budget;
  readonly pausedAt?: number;
  readonly throttledUntil?: number;
  readonly heldUntil?: number;
  /** The worker that holds the lease. */
  readonly owner?: string;
  /** Of the lease. */
  readonly epoch?: number;
  /** The API key that paused it. */
  readonly pausedBy?: string;
  readonly ratePerMinute: number;
  readonly blocked?: Blocked;
  /** When the backlog will have left at this pace; absent when nobody can say. */
  readonly drainedAt?: number;
}

interface Blocked {
  readonly by: Blocker;
  readonly since: number;
  readonly until?: number;
}

export interface LaneReports {
  /** Undefined when there is no such device. */
  reportLane(deviceId: DeviceId, now: number): Promise<LaneReport | undefined>;
}

export function laneReports(redis: Redis, keys: Keys, settings: Settings): LaneReports {
  /** By generation, then by priority. */
  async function depths(deviceId: DeviceId, generation: number): Promise<readonly number[]> {
    const pipeline = redis.pipeline();
    for (let of = 1; of <= generation; of += 1)
      for (const priority of PRIORITIES)
        pipeline.zcard(keys.backlog(deviceId, String(of), priority));
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, reply]) => {
      if (error !== null) throw error;
      return Number(reply);
    });
  }
  /** Rows that were not drawn from the device's own batches yet: added to what is sorted by generation, then by priority. */
  async function addRows(
    deviceId: DeviceId,
    counts: readonly number[],
  ): Promise<readonly number[]> {
    const ids = await redis.zrange(keys.batchesof(deviceId), "0", "-1");
    if (ids.length === 0) return counts;
    const pipeline = redis.pipeline();
    for (const id of ids)
      pipeline.hmget(keys.batch(id), "state", "gen", "class").hget(keys.counts(id), "undrawn");
    const replies = (await pipeline.exec()) ?? [];
    const sums = [...counts];
    for (const [at] of ids.entries()) {
      const [state, generation, priority] = (replies[at * 2]?.[1] ?? []) as (string | null)[];
      const place =
        (Number(generation) - 1) * PRIORITIES.length + PRIORITIES.indexOf(priority as Priority);
      // A pool's rows wait for no device in particular.
      if (state === "running" && sums[place] !== undefined)
        sums[place] += Number(replies[at * 2 + 1]?.[1] ?? 0);
    }
    return sums;
  }
  return {
    async reportLane(deviceId, now) {
      const [device, lane, lease, held, window] = await Promise.all([
        redis.hmget(keys.device(deviceId), "gen", "state", "state_at", "pace", "paired_at"),
        redis.hmget(keys.lane(deviceId), ...LANE_FIELDS, "paused_by"),
        redis.get(keys.lease(deviceId)),
        redis.zcard(keys.held(deviceId)),
        redis.hlen(keys.window(deviceId)),
      ]);
      const generation = Number(device[0] ?? 0);
      if (generation === 0) return undefined;
      const counts = await addRows(deviceId, await depths(deviceId, generation));
      const known = readFacts({ device, lane, lease }, now, settings);
      const epoch = lease?.split("|")[1];
      const pausedBy = lane[LANE_FIELDS.length] ?? "";
      return {
        ...report(known, { held, window, counts, now }),
        ...(epoch === undefined ? {} : { epoch: Number(epoch) }),
        ...(pausedBy === "" ? {} : { pausedBy }),
      };
    },
  };
}

/** What is read of the hash of a lane, in this order; of its device: generation, state, its time, pace and the time of the pairing. */
const LANE_FIELDS = [
  "pace_at",
  "throttled_until",
  "held_until",
  "paused",
  "day",
  "day_sent",
  "day_cold",
  "drain_ms",
  "fed_at",
  "minute",
  "minute_fed",
  "minute_before",
] as const;

/** What is known of a lane and its device. */
export interface LaneFacts {
  readonly state: DeviceState;
  readonly stateAt: number;
  readonly owner: string | undefined;
  /** As its user set it. */
  readonly asked: Pace;
  readonly pairedAt: number;
  readonly count: DayCount;
  readonly pace: ResolvedPace;
  readonly budget: Budget;
  readonly paceAt: number;
  readonly throttledUntil: number;
  readonly heldUntil: number;
  readonly pausedAt: number;
  /** The last feed. */
  readonly fedAt: number;
  /** Between two messages, ms; 0 when nobody can say. */
  readonly gapMs: number;
  /** Between two messages that did not wait for the pace, as it was measured lately, ms; 0 when it was not. */
  readonly measuredMs: number;
  /** Messages that went in the last minute. */
  readonly ratePerMinute: number;
}

export function readFacts(
  {
    device,
    lane,
    lease,
  }: {
    readonly device: readonly (string | null)[];
    readonly lane: readonly (string | null)[];
    readonly lease: string | null;
  },
  now: number,
  settings: Settings,
): LaneFacts {
  const asked = JSON.parse(device[3] ?? "{}") as Pace;
  const pairedAt = Number(device[4] ?? 0);
  const pace = resolvePace(asked, settings, { now, pairedAt });
  const read = (name: (typeof LANE_FIELDS)[number]): number =>
    Number(lane[LANE_FIELDS.indexOf(name)] ?? 0);
  const count = { day: read("day"), sent: read("day_sent"), cold: read("day_cold") };
  return {
    state: (device[1] ?? "disconnected") as DeviceState,
    stateAt: Number(device[2] ?? 0),
    // `<worker>#<start>|<epoch>`
    owner: lease?.split(/[#|]/)[0],
    asked,
    pairedAt,
    count,
    pace,
    budget: budgetOf(now, pace, count),
    paceAt: read("pace_at"),
    throttledUntil: read("throttled_until"),
    heldUntil: read("held_until"),
    pausedAt: read("paused"),
    fedAt: read("fed_at"),
    measuredMs: measuredGap({ drainMs: read("drain_ms"), fedAt: read("fed_at") }, now),
    gapMs: drainGap({ pace, drainMs: read("drain_ms"), fedAt: read("fed_at") }, now),
    ratePerMinute: ratePerMinute(now, {
      minute: read("minute"),
      fed: read("minute_fed"),
      before: read("minute_before"),
    }),
  };
}

function report(
  facts: LaneFacts,
  at: {
    readonly held: number;
    readonly window: number;
    readonly counts: readonly number[];
    readonly now: number;
  },
): LaneReport {
  const { held, window, counts, now } = at;
  const present = counts.slice(-PRIORITIES.length);
  const waiting = sum(present) + held + window;
  const { pace, budget, owner } = facts;
  const blocked = blockedOf(facts, now);
  const end = drainedAt(waiting, Math.max(now, facts.paceAt), { ...facts, blocked });
  return {
    backlog: Object.fromEntries(
      PRIORITIES.map((priority, index) => [priority, present[index] ?? 0]),
    ) as Record<Priority, number>,
    held,
    window,
    earlier: sum(counts) - sum(present),
    pace,
    budget,
    ratePerMinute: facts.ratePerMinute,
    ...(facts.pausedAt > 0 ? { pausedAt: facts.pausedAt } : {}),
    ...(facts.throttledUntil > now ? { throttledUntil: facts.throttledUntil } : {}),
    ...(facts.heldUntil > 0 ? { heldUntil: facts.heldUntil } : {}),
    ...(owner === undefined ? {} : { owner }),
    ...(blocked === undefined ? {} : { blocked }),
    ...(end === undefined ? {} : { drainedAt: end }),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What stops the whole lane; a hold stops only its cold messages. */
export function blockedOf(facts: LaneFacts, now: number): Blocked | undefined {
  const { budget, pausedAt, state, stateAt, owner } = facts;
  const wait = explainWait({
    status: "queued",
    place: "backlog",
    since: pausedAt > 0 ? pausedAt : now,
    sameGeneration: true,
    device: { state, since: stateAt, owned: owner !== undefined },
    throttledUntil: facts.throttledUntil,
    heldUntil: facts.heldUntil,
    paceAt: facts.paceAt,
    budgetSpentUntil: budget.left === 0 ? budget.renewsAt : 0,
    paused: pausedAt > 0,
    recipientKnown: true,
    gapMs: 0,
    ahead: 0,
    now,
  });
  if (wait === undefined) return undefined;
  const { blockedBy, eta: until } = wait;
  if (blockedBy !== "pacing" && blockedBy !== "budget") return { by: blockedBy, since: wait.since };
  return until === undefined ? undefined : { by: blockedBy, since: now, until };
}

const DAY_MS = 86_400_000;

/** When all that waits will have left. Where neither a pace is set nor anything was measured, nobody can say. */
export function drainedAt(
  waiting: number,
  from: number,
  {
    pace,
    gapMs: gap,
    budget,
    blocked,
  }: Pick<LaneFacts, "pace" | "gapMs" | "budget"> & { readonly blocked?: Blocked | undefined },
): number | undefined {
  const start = blocked === undefined ? from : blocked.until;
  if (waiting === 0 || gap === 0 || start === undefined) return undefined;
  if (waiting <= budget.left) return Math.ceil(Math.max(from, start) + waiting * gap);
  if (pace.dailyCap === 0) return undefined;
  const rest = waiting - budget.left;
  const fullDays = Math.ceil(rest / pace.dailyCap) - 1;
  return Math.ceil(budget.renewsAt + fullDays * DAY_MS + (rest - fullDays * pace.dailyCap) * gap);
}

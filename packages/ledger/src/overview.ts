import {
  type Blocker,
  type Budget,
  type DeviceId,
  type DeviceState,
  type ErrorCode,
  type ForecastLane,
  type LaneCondition,
  PRIORITIES,
  type Priority,
  type ResolvedPace,
  type Settings,
  type Tallies,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { blockedOf, drainedAt, type LaneFacts, readFacts } from "./lane-report.ts";
import type { Run } from "./scripts.ts";

/** A device and what waits on it. Times are ms since the epoch. */
export interface LaneSurvey extends LaneCondition {
  readonly deviceId: DeviceId;
  readonly name: string;
  /** Why it is in its state, a stable word. */
  readonly cause?: string;
  readonly code?: ErrorCode;
  readonly createdAt: number;
  readonly seenAt?: number;
  /** Waiting messages that may go in their turn, with the rows of its own batches that were not drawn yet. */
  readonly backlog: Readonly<Record<Priority, number>>;
  /** When the oldest of them was accepted, where any waits. */
  readonly oldest: Readonly<Partial<Record<Priority, number>>>;
  /** Of these, the rows that were not drawn yet. */
  readonly undrawn: Readonly<Record<Priority, number>>;
  /** Rows of pools that were not drawn yet: they wait for no device in particular. */
  readonly pooled: readonly PooledRows[];
  /** In hand or next. */
  readonly window: number;
  readonly paused: boolean;
  /** `<worker>#<start>`: who holds the lease. */
  readonly owner?: string;
  /** Its own phone number, digits; absent before it was paired. */
  readonly phone?: string;
  readonly pausedAt: number;
  /** The API key that said so. */
  readonly pausedBy?: string;
  readonly throttledUntil: number;
  readonly paceAt: number;
  readonly rate: ResolvedPace;
  readonly budget: Budget;
  /** Messages that went in the last minute. */
  readonly ratePerMinute: number;
  /** When all that waits will have left; absent when nobody can say. */
  readonly drainedAt?: number;
  /** How it will go on from now. */
  readonly outlook: LaneOutlook;
  /** What stops all that waits. */
  readonly stopped?: { readonly by: Blocker; readonly since?: number };
}

/** What a pool's batch has left, as each of its devices tells it. */
export interface PooledRows {
  readonly batchId: string;
  readonly priority: Priority;
  readonly acceptedAt: number;
  readonly rows: number;
}

/** What a forecast needs of a lane. */
interface LaneOutlook extends Omit<ForecastLane, "ahead"> {
  /** `paced`: its pace alone says how fast it goes; `assumed`: nothing does. */
  readonly speed: "paced" | "measured" | "assumed";
}

/** What was counted in one stretch of time. */
export interface PulseBucket {
  /** ms since the epoch; it is `overview_bucket_ms` long */
  readonly start: number;
  readonly tallies: Tallies;
}

/** What an operator sees of the whole cell. */
export interface Overviews {
  /** All devices, by creation. */
  surveyLanes(now: number): Promise<readonly LaneSurvey[]>;
  /** These devices, in this order; those that there are not are left out. */
  surveyDevices(ids: readonly DeviceId[], now: number): Promise<readonly LaneSurvey[]>;
  /** The stretches from the one of `from` to the one of `now`, in order; those in which nothing happened are empty. */
  readPulse(from: number, now: number): Promise<readonly PulseBucket[]>;
}

export interface OverviewDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

/** Devices that one script looks at: about a millisecond of Redis' time. */
const PAGE = 100;
/** Clocks of processes may differ so much: until then a stretch is read again. */
const OPEN_MS = 60_000;

export function overviews({ redis, keys, run, settings }: OverviewDeps): Overviews {
  const length = settings.overview_bucket_ms;
  /** Stretches that nothing is counted in any more. */
  const closed = new Map<number, Tallies>();

  async function read(starts: readonly number[]): Promise<void> {
    const pipeline = redis.pipeline();
    for (const start of starts) pipeline.hgetall(keys.pulse(String(start)));
    const replies = (await pipeline.exec()) ?? [];
    for (const [index, [error, hash]] of replies.entries()) {
      if (error !== null) throw error;
      const fields = Object.entries(hash as Readonly<Record<string, string>>);
      const tallies = new Map(fields.map(([field, count]) => [field, Number(count)]));
      closed.set(starts[index] ?? 0, tallies);
    }
  }

  function forget(now: number): void {
    for (const start of closed.keys()) {
      if (start + length + OPEN_MS > now || start < now - settings.overview_kept_ms)
        closed.delete(start);
    }
  }

  async function surveyDevices(
    ids: readonly DeviceId[],
    now: number,
  ): Promise<readonly LaneSurvey[]> {
    const found: LaneSurvey[] = [];
    for (let first = 0; first < ids.length; first += PAGE) {
      const page = ids.slice(first, first + PAGE);
      // oxlint-disable-next-line no-await-in-loop -- page after page, so that others get their turn
      const reply = JSON.parse(String(await run("survey", ...page))) as List<Surveyed>;
      for (const one of listOf(reply)) found.push(readSurvey(one, now, settings));
    }
    return found;
  }

  return {
    async surveyLanes(now) {
      return surveyDevices((await redis.zrange(keys.devices(), "0", "-1")) as DeviceId[], now);
    },
    surveyDevices,
    async readPulse(from, now) {
      const first = from - (from % length);
      const count = Math.floor((now - first) / length) + 1;
      const starts = Array.from(
        { length: Math.max(0, count) },
        (_, index) => first + index * length,
      );
      await read(starts.filter((start) => !closed.has(start)));
      const found = starts.map((start) => ({ start, tallies: closed.get(start) ?? new Map() }));
      forget(now);
      return found;
    },
  };
}

type Values = readonly (string | null)[];
/** A list as Lua writes it: without items it can't be told from an object. */
type List<Item> = readonly Item[] | Readonly<Record<string, never>>;
/** Fields of a hash as Lua writes them: an absent one is false. */
type Fields = readonly (string | false)[];
type Surveyed = readonly [
  deviceId: string,
  device: Fields,
  lease: string,
  leaseEnd: string,
  lane: Fields,
  held: number,
  window: number,
  depths: readonly number[],
  oldest: readonly string[],
  running: List<RunningBatch>,
  pickedAt: number,
];
type RunningBatch = readonly [
  batchId: string,
  priority: Priority,
  at: string,
  undrawn: string,
  ofPool: string,
];

function listOf<Item>(list: List<Item>): readonly Item[] {
  return Array.isArray(list) ? list : [];
}

function valuesOf(fields: Fields): Values {
  return fields.map((value) => (value === false ? null : value));
}

function readSurvey(reply: Surveyed, now: number, settings: Settings): LaneSurvey {
  const [deviceId, fields, lease, leaseEnd, laneFields, held, window, depths, oldest, ...more] =
    reply;
  const [ofBatches, pickedAt] = more;
  const [device, lane, running] = [valuesOf(fields), valuesOf(laneFields), listOf(ofBatches)];
  const facts = readFacts({ device, lane, lease: lease === "" ? null : lease }, now, settings);
  const blocked = blockedOf(facts, now);
  const own = running.filter(([, , , , ofPool]) => ofPool === "");
  const undrawn = byClass((priority) =>
    own.reduce((sum, [, of, , rows]) => sum + (of === priority ? Number(rows) : 0), 0),
  );
  const backlog = byClass((priority, index) => (depths[index] ?? 0) + undrawn[priority]);
  const times = oldestTimes(oldest, own);
  const waiting = PRIORITIES.reduce((sum, priority) => sum + backlog[priority], window);
  const first = times.reduce((least, [, at]) => Math.min(least, at), Infinity);
  const stopped = stoppedBy(blocked, { waiting, held });
  const drained = drainedAt(waiting + held, Math.max(now, facts.paceAt), { ...facts, blocked });
  return {
    deviceId: deviceId as DeviceId,
    ...recordOf(device),
    ...pacingOf(facts, lane),
    ...(drained === undefined ? {} : { drainedAt: drained }),
    // `<worker>#<start>|<epoch>`
    ...(lease === "" ? {} : { owner: lease.split("|")[0] ?? "" }),
    outlook: outlookOf(facts, now),
    state: facts.state satisfies DeviceState,
    stateAt: facts.stateAt,
    owned: facts.owner !== undefined,
    leftAt: Number(leaseEnd),
    backlog,
    undrawn,
    pooled: pooledOf(running),
    oldest: Object.fromEntries(times),
    window,
    waiting,
    held,
    heldUntil: facts.heldUntil,
    fedAt: Math.max(facts.fedAt, pickedAt),
    gapMs: facts.gapMs,
    ...(first === Infinity ? {} : { oldestAt: first }),
    ...(blocked === undefined ? {} : { blockedBy: blocked.by }),
    ...(stopped === undefined ? {} : { stopped }),
  };
}

/** When the oldest of a class was accepted, where any waits: a message, or a row of a batch that was not drawn. */
function oldestTimes(
  oldest: readonly string[],
  batches: readonly RunningBatch[],
): readonly (readonly [Priority, number])[] {
  return PRIORITIES.flatMap((priority, index) => {
    const ofBatches = batches.filter(([, of]) => of === priority).map(([, , at]) => Number(at));
    const first = oldest[index] ?? "";
    const all = first === "" ? ofBatches : [...ofBatches, Number(first)];
    return all.length === 0 ? [] : [[priority, Math.min(...all)] as const];
  });
}

function pooledOf(running: readonly RunningBatch[]): LaneSurvey["pooled"] {
  return running
    .filter(([, , , , ofPool]) => ofPool !== "")
    .map(([batchId, priority, at, rows]) => ({
      batchId,
      priority,
      acceptedAt: Number(at),
      rows: Number(rows),
    }));
}

/** What its hash says, in the order of the script: generation, state, its time, pace, pairing, then these. */
function recordOf(device: Values) {
  const [name, phone, cause, code, createdAt, seenAt] = device.slice(5).map((text) => text ?? "");
  return {
    name: name ?? "",
    ...(phone ? { phone } : {}),
    ...(cause ? { cause } : {}),
    ...(code ? { code: code as ErrorCode } : {}),
    createdAt: Number(createdAt),
    ...(seenAt ? { seenAt: Number(seenAt) } : {}),
  };
}

function pacingOf(facts: LaneFacts, lane: Values) {
  const { pausedAt, throttledUntil, paceAt, pace: rate, budget, ratePerMinute } = facts;
  const pausedBy = lane.at(-1) ?? "";
  return {
    paused: pausedAt > 0,
    pausedAt,
    ...(pausedBy === "" ? {} : { pausedBy }),
    throttledUntil,
    paceAt,
    rate,
    budget,
    ratePerMinute,
  };
}

function byClass(
  of: (priority: Priority, index: number) => number,
): Readonly<Record<Priority, number>> {
  return Object.fromEntries(
    PRIORITIES.map((priority, index) => [priority, of(priority, index)]),
  ) as Record<Priority, number>;
}

/** What one message takes where nobody measured it. */
const ASSUMED_MS = 1_000;

/** The lane as if it were connected and not paused: whoever asks is told of that besides. */
function outlookOf(facts: LaneFacts, now: number): LaneOutlook {
  const { asked, pairedAt, count, pace, measuredMs, throttledUntil, paceAt, heldUntil } = facts;
  const paced = pace.gapMs + pace.jitterMs > 0;
  return {
    pace: asked,
    pairedAt,
    count,
    startsAt: Math.max(throttledUntil > now ? throttledUntil : 0, paceAt > now ? paceAt : 0),
    coldFrom: heldUntil > now ? heldUntil : 0,
    serviceMs: measuredMs > 0 || paced ? measuredMs : ASSUMED_MS,
    speed: paced ? "paced" : measuredMs > 0 ? "measured" : "assumed",
  };
}

function stoppedBy(
  blocked: { readonly by: Blocker; readonly since: number; readonly until?: number } | undefined,
  { waiting, held }: { readonly waiting: number; readonly held: number },
): LaneSurvey["stopped"] {
  if (waiting + held === 0) return undefined;
  // A lane that goes at its pace stands still only for a moment.
  if (blocked?.until !== undefined) return { by: blocked.by };
  if (blocked !== undefined) return { by: blocked.by, since: blocked.since };
  return waiting === 0 ? { by: "account_hold" } : undefined;
}

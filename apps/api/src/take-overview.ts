import {
  addTallies,
  type AttentionItem,
  attentionOf,
  type ErrorCode,
  type Pulse,
  readPulse,
  type RecentFailures,
  type Settings,
  type WebhookCondition,
} from "@pombo/domain";
import type { EndpointRecord, LaneSurvey, Ledger, PooledRows, PulseBucket } from "@pombo/ledger";
import { usedPercent } from "@pombo/redis";
import { keptFor } from "./kept-for.ts";

export interface OverviewSource {
  readonly ledger: Pick<
    Ledger,
    "surveyLanes" | "readPulse" | "viewFleet" | "countLetters" | "listEndpoints"
  >;
  /** Redis' `INFO` of these sections. */
  readonly info: (...sections: readonly string[]) => Promise<string>;
  readonly settings: Settings;
  readonly now: () => number;
  /** Monotonic ms. */
  readonly clock: () => number;
}

/** The whole installation at one moment. Times are ms since the epoch. */
export interface Overview {
  readonly at: number;
  readonly lanes: readonly LaneSurvey[];
  /** All that are kept, oldest first. */
  readonly buckets: readonly PulseBucket[];
  readonly fleet: Awaited<ReturnType<Ledger["viewFleet"]>>;
  readonly deadLetters: number;
  readonly redis: {
    readonly usedPercent: number;
    readonly writable: boolean;
    readonly roundTripMs: number;
  };
  readonly attention: readonly AttentionItem[];
}

/** What a pool's batches have left: each of its devices tells it, and it counts once. */
export function pooledRows(lanes: readonly LaneSurvey[]): readonly PooledRows[] {
  const byBatch = new Map(lanes.flatMap(({ pooled }) => pooled.map((one) => [one.batchId, one])));
  return [...byBatch.values()];
}

/** Takes the overview for all who ask: at most once in `overview_refresh_ms`, less often where that is dear, and only while somebody asks. */
export interface Overviewer {
  take(): Promise<Overview>;
}

/** Webhooks change slowly, and each costs a few commands. */
const WEBHOOKS_MS = 5_000;
/** Attention looks at the failures of the last hour. */
const HOUR_MS = 3_600_000;
/** Letters rise when more came in this time than in as long a time before. */
const LATELY_MS = 900_000;

export function openOverviewer(source: OverviewSource): Overviewer {
  const { ledger, settings, clock } = source;
  const webhooks = keptFor(WEBHOOKS_MS, clock, () => ledger.listEndpoints());
  const whole = keptFor(settings.overview_refresh_ms, clock, () => takeNow(source, webhooks));
  return { take: whole };
}

async function takeNow(
  { ledger, info, settings, now, clock }: OverviewSource,
  listEndpoints: () => Promise<readonly EndpointRecord[]>,
): Promise<Overview> {
  const [at, began] = [now(), clock()];
  const memory = await info("memory", "persistence");
  const roundTripMs = clock() - began;
  const [surveyed, buckets, fleet, deadLetters, endpoints] = await Promise.all([
    ledger.surveyLanes(at),
    ledger.readPulse(at - settings.overview_kept_ms, at),
    ledger.viewFleet(),
    ledger.countLetters(),
    listEndpoints(),
  ]);
  const silentMs = SILENT_SWEEPS * settings.sweep_ms;
  const lanes = surveyed.map((lane) => unlessSilent(lane, { fleet, at, settings }));
  const redis = {
    usedPercent: usedPercent(memory),
    writable: !/^aof_last_write_status:err/m.test(memory),
    roundTripMs,
  };
  const attention = attentionOf({
    now: at,
    lanes,
    workers: fleet.workers.length,
    stallMs: settings.drain_watch_ms,
    handoverMs: silentMs,
    redis: { ...redis, intakePercent: settings.memory_intake_percent },
    deadLetters,
    failures: recentFailures(buckets, at),
    webhooks: endpoints.map((endpoint) => conditionOf(endpoint, at)),
  });
  return { at, lanes, buckets, fleet, deadLetters, redis, attention };
}

/** A worker shows that it lives in every sweep; one that missed so many is not there any more, whatever its leases say. */
const SILENT_SWEEPS = 4;

/** The device as its worker left it: the lease of a worker that died goes on for a while. */
export function unlessSilent(
  lane: LaneSurvey,
  {
    fleet,
    at,
    settings,
  }: Pick<Overview, "fleet" | "at"> & { readonly settings: Pick<Settings, "sweep_ms"> },
): LaneSurvey {
  const silentMs = SILENT_SWEEPS * settings.sweep_ms;
  const { owner } = lane;
  if (owner === undefined) return lane;
  const silent = fleet.workers.find(({ id }) => id === owner)?.silentMs ?? silentMs;
  return silent < silentMs ? lane : { ...lane, owned: false, leftAt: at - silent };
}

/** The stretches from a time on, as one. */
function pulseSince(buckets: readonly PulseBucket[], from: number): Pulse {
  const late = buckets.filter(({ start }) => start >= from);
  return readPulse(addTallies(late.map(({ tallies }) => tallies)));
}

function recentFailures(buckets: readonly PulseBucket[], now: number): readonly RecentFailures[] {
  const hour = buckets.filter(({ start }) => start >= now - HOUR_MS);
  const lately = pulseSince(hour, now - LATELY_MS).failures;
  const twice = pulseSince(hour, now - 2 * LATELY_MS).failures;
  const { failures } = pulseSince(hour, 0);
  return [...failures].map(([code, count]) => ({
    code,
    count,
    since: firstOf(hour, `failed|${code}`) ?? now,
    lately: lately.get(code) ?? 0,
    before: (twice.get(code) ?? 0) - (lately.get(code) ?? 0),
  }));
}

/** The beginning of the first stretch that counted this. */
export function firstOf(
  buckets: readonly PulseBucket[],
  field: `failed|${ErrorCode}` | `queued|${ErrorCode}`,
): number | undefined {
  return buckets.find(({ tallies }) => tallies.has(field))?.start;
}

function conditionOf(endpoint: EndpointRecord, now: number): WebhookCondition {
  const { id, state, stateAt, reason, openUntil = 0, open, parked } = endpoint;
  const dropped = state === "parked" || (state === "disabled" && reason !== "requested");
  const leftAlone = state === "enabled" && openUntil > now;
  return {
    id,
    failing: dropped || leftAlone,
    size: open + parked,
    ...(dropped ? { since: stateAt } : {}),
    ...(leftAlone ? { until: openUntil } : {}),
  };
}

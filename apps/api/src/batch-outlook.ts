import {
  type BatchCounts,
  CHUNK_ROWS,
  type ForecastRows,
  isEnded,
  isOnline,
  type Settings,
  timezoneOf,
} from "@pombo/domain";
import type { BatchRecord, Ledger } from "@pombo/ledger";
import { foresee } from "./foresee.ts";

export interface OutlookDeps {
  readonly ledger: Pick<Ledger, "listBatches" | "readChunk" | "surveyDevices" | "weigh">;
  readonly settings: Settings;
  readonly now: () => number;
}

export interface BatchOutlook {
  /**
   * When its last message will have been acked, ms since the epoch, if devices were connected; absent when that is not foreseeable, or
   * nobody knows how fast they send.
   */
  readonly finishAt?: number;
  /** A device is sending. */
  readonly moving: boolean;
  /** When this was foretold. */
  readonly at: number;
}

/** Tells when a batch will be done; undefined while that depends on somebody: it is paused, still being uploaded, or has ended. */
export type Outlooks = (batch: BatchRecord) => Promise<BatchOutlook | undefined>;

const WAITING = ["scheduled", "queued", "sending"] as const satisfies (keyof BatchCounts)[];
/** Batches that may take turns with it are among the newest. */
const OTHERS = 100;
/** What the rows of a chunk are like is asked anew after so long. */
const KEPT_MS = 30_000;
const MOST_KEPT = 200;

/** The rows that come next stand for all that are left: whether they are warm, and when their recipients sleep. */
export function openOutlooks({ ledger, settings, now }: OutlookDeps): Outlooks {
  const kept = new Map<string, { readonly until: number; readonly mix: Promise<Mix> }>();

  function mixOf(batch: BatchRecord, at: number): Promise<Mix> {
    const chunk = Math.floor((batch.cursor - 1) / CHUNK_ROWS);
    const key = `${batch.id} ${chunk}`;
    const known = kept.get(key);
    if (known !== undefined && known.until > at) return known.mix;
    const mix = lookAt(batch, { chunk, at }, ledger);
    mix.catch(() => kept.delete(key));
    kept.delete(key);
    kept.set(key, { until: at + KEPT_MS, mix });
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return mix;
  }

  return async (batch) => {
    const { state, uploadedAt, counts, undrawn, settings: wanted } = batch;
    if (isEnded(state) || state === "paused" || uploadedAt === undefined) return undefined;
    const at = now();
    const left = WAITING.reduce((sum, status) => sum + counts[status], 0);
    const [mix, lanes, { batches }] = await Promise.all([
      mixOf(batch, at),
      ledger.surveyDevices(batch.deviceIds, at),
      ledger.listBatches({ limit: OTHERS }),
    ]);
    const { finishAt, speed } = foresee(
      {
        now: at,
        priority: wanted.priority,
        lanes,
        rows: mix.map((part) => ({ ...part, warm: part.warm * left, cold: part.cold * left })),
        others: batches.filter(({ id }) => id !== batch.id),
        drawn: left - undrawn,
        sendAt: wanted.sendAt,
        expiresAt: wanted.expiresAt,
      },
      settings,
    );
    const moving = lanes.some(
      ({ owned, paused, ...lane }) => isOnline(lane.state) && owned && !paused,
    );
    return finishAt === undefined || speed === "assumed"
      ? { at, moving }
      : { at, moving, finishAt };
  };
}

/** The share of each kind of row; together they make 1. */
type Mix = readonly ForecastRows[];

/** Nothing is known of rows that are not there any more. */
const PLAIN: Mix = [{ warm: 1, cold: 0 }];

async function lookAt(
  { id, settings, deviceIds }: BatchRecord,
  { chunk, at }: { readonly chunk: number; readonly at: number },
  ledger: OutlookDeps["ledger"],
): Promise<Mix> {
  const rows = (await ledger.readChunk(id, chunk)) ?? (await ledger.readChunk(id, chunk - 1)) ?? [];
  const names = rows.flatMap((row) => (row === null ? [] : [row.to]));
  if (names.length === 0) return PLAIN;
  const weighed = await ledger.weigh(deviceIds, names, at);
  const { quietHours: quiet } = settings;
  const zoneOf = (name: string): string =>
    quiet === undefined ? "" : (quiet.timezone ?? timezoneOf(name));
  const share = 1 / names.length;
  const parts = new Map<string, { warm: number; cold: number }>();
  for (const [index, name] of names.entries()) {
    const zone = zoneOf(name);
    const part = parts.get(zone) ?? { warm: 0, cold: 0 };
    part[weighed[index]?.warm === true ? "warm" : "cold"] += share;
    parts.set(zone, part);
  }
  return [...parts].map(([timezone, part]) =>
    quiet === undefined ? part : { ...part, quiet, timezone },
  );
}

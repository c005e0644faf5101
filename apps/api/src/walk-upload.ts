import { setImmediate as otherWork } from "node:timers/promises";
import type { Problem } from "@pombo/contract";
import {
  type BatchError,
  type BatchId,
  type BatchSettings,
  type DeviceId,
  type ForecastRows,
  mintBatchId,
  type PackedRow,
  timezoneOf,
} from "@pombo/domain";
import { type Chunk, type ReadChunk, readRows } from "@pombo/intake";
import type { Ledger } from "@pombo/ledger";
import { isDoubtful } from "./normalise-number.ts";
import type { OpenedBatchUpload } from "./open-batch-upload.ts";
import { randomBytes } from "./random-bytes.ts";
import { type JudgeAsk, judgeChunk, leftOut } from "./judge-chunk.ts";

export interface WalkDeps {
  readonly ledger: Pick<Ledger, "findDuplicates" | "suppressedOf" | "weigh">;
  readonly now: () => number;
}

export interface Walk {
  readonly settings: BatchSettings;
  readonly keyId: string;
  /** What it would be sent from. */
  readonly deviceIds: readonly DeviceId[];
  /** Whether a kept file may be sent; keeps it no longer. */
  readonly useFile: JudgeAsk["useFile"];
  /** Rows that are read at most. */
  readonly mostRows: number;
  /** Rows and errors that are shown. */
  readonly shown: number;
}

export interface ShownRow {
  readonly row: number;
  readonly line: number;
  readonly packed: PackedRow;
  readonly warm: boolean;
}

/** What was found in an upload of which nothing was stored. */
export interface WalkedUpload {
  rows: number;
  complete: boolean;
  invalid: number;
  duplicate: number;
  suppressed: number;
  readonly onWhatsApp: { yes: number; no: number; unknown: number };
  doubtful: number;
  /** By time zone; one group without quiet hours. */
  readonly groups: Map<string, { warm: number; cold: number }>;
  readonly sample: ShownRow[];
  readonly errors: BatchError[];
}

export type WalkEnd =
  | { readonly kind: "walked"; readonly found: WalkedUpload }
  | { readonly kind: "refused"; readonly problem: Problem }
  | { readonly kind: "broken" };

/** Reads an upload as `storeRows` does, and stores nothing: rows, duplicates within it and with the key's other batches, suppressions. */
export async function walkUpload(
  { upload, rules, fingerprint: seed }: OpenedBatchUpload,
  walk: Walk,
  deps: WalkDeps,
): Promise<WalkEnd> {
  const found = nothing();
  const seen = openSeen(walk);
  for await (const event of readRows(upload, { rules, seed })) {
    if (event.kind === "refused" || event.kind === "broken") return event;
    if (event.kind === "ended") break;
    if (found.rows >= walk.mostRows) {
      found.complete = false;
      break;
    }
    const judged = await seen.withoutDuplicates(
      await judgeChunk({ batch: walk, chunk: event }, walk, deps),
      event,
      deps.ledger,
    );
    await add(found, { chunk: event, judged, walk }, deps);
  }
  return { kind: "walked", found };
}

function nothing(): WalkedUpload {
  return {
    rows: 0,
    complete: true,
    invalid: 0,
    duplicate: 0,
    suppressed: 0,
    onWhatsApp: { yes: 0, no: 0, unknown: 0 },
    doubtful: 0,
    groups: new Map(),
    sample: [],
    errors: [],
  };
}

/** Rows as a forecast is asked for them. */
export function forecastRows({ groups }: WalkedUpload, settings: BatchSettings): ForecastRows[] {
  const { quietHours: quiet } = settings;
  return [...groups].map(([timezone, counts]) =>
    quiet === undefined ? counts : { ...counts, quiet, timezone },
  );
}

interface Judged {
  readonly chunk: Chunk;
  readonly judged: ReadChunk & { readonly duplicate: number };
  readonly walk: Walk;
}

async function add(
  found: WalkedUpload,
  { chunk, judged, walk }: Judged,
  { ledger, now }: WalkDeps,
): Promise<void> {
  const { rows, errors, duplicate } = judged;
  const kept = rows.flatMap((row, at) => (row === null ? [] : [{ row, at }]));
  const names = kept.map(({ row }) => row.to);
  const weighed = await ledger.weigh(walk.deviceIds, names, now());
  const suppressed = errors.filter(({ kind }) => kind === "suppressed").length;
  found.rows += rows.length;
  found.duplicate += duplicate;
  found.suppressed += suppressed;
  found.invalid += rows.length - kept.length - duplicate - suppressed;
  found.errors.push(...errors.slice(0, Math.max(0, walk.shown - found.errors.length)));
  for (const [index, { row, at }] of kept.entries()) {
    const { onWhatsApp, warm = false } = weighed[index] ?? {};
    found.onWhatsApp[onWhatsApp === undefined ? "unknown" : onWhatsApp ? "yes" : "no"] += 1;
    const group = groupOf(found, row.to, walk.settings);
    group[warm ? "warm" : "cold"] += 1;
    if (isDoubtful(row.to)) found.doubtful += 1;
    if (found.sample.length < walk.shown)
      found.sample.push({
        row: chunk.fromRow + at,
        line: chunk.lines[at] ?? 0,
        packed: row,
        warm,
      });
    // The library takes some 20 µs a number.
    // oxlint-disable-next-line no-await-in-loop -- others have their turn
    if (index % 200 === 199) await otherWork();
  }
}

function groupOf(
  { groups }: WalkedUpload,
  recipient: string,
  { quietHours }: BatchSettings,
): { warm: number; cold: number } {
  const zone = quietHours === undefined ? "" : (quietHours.timezone ?? timezoneOf(recipient));
  const known = groups.get(zone);
  if (known !== undefined) return known;
  const made = { warm: 0, cold: 0 };
  groups.set(zone, made);
  return made;
}

/** What no two rows may have in common, as far as the upload was read; and what the key's other batches have. */
function openSeen({ settings, keyId }: Walk) {
  const firsts = new Map<string, number>();
  const batch = { id: mintBatchId(randomBytes(6)) satisfies BatchId, keyId, settings };
  const { dedupe } = settings;
  const field = dedupe === "recipient" ? "to" : "client_ref";
  const valueOf = (row: PackedRow | null): string | undefined =>
    dedupe === "none" || row === null ? undefined : field === "to" ? row.to : row.clientRef;

  return {
    async withoutDuplicates(judged: ReadChunk, chunk: Chunk, ledger: WalkDeps["ledger"]) {
      const values = judged.rows.flatMap((row) => valueOf(row) ?? []);
      const known =
        dedupe === "client_ref" && values.length > 0
          ? await ledger.findDuplicates(batch, values)
          : [];
      const others = new Map(values.map((value, index) => [value, known[index]]));
      let duplicate = 0;
      const left = leftOut(judged, chunk, (row, number) => {
        const value = valueOf(row);
        if (value === undefined) return undefined;
        const [messageId, first] = [others.get(value), firsts.get(value)];
        if (messageId === undefined && first === undefined) {
          firsts.set(value, number);
          return undefined;
        }
        duplicate += 1;
        const other = messageId === undefined ? `row ${first}` : `message ${messageId}`;
        const message = `the same ${field} as ${other}`;
        const why = { kind: "duplicate", field, value, code: "CONFLICT", message } as const;
        return messageId === undefined ? why : { ...why, messageId };
      });
      return { ...left, duplicate };
    },
  };
}

import { setImmediate as otherWork } from "node:timers/promises";
import { type BatchError, CHUNK_ROWS, MOST_ROWS, type PackedRow } from "@pombo/domain";
import { type ChainHash, openChain } from "./chain.ts";
import type { Upload } from "./open-upload.ts";
import type { RawRow } from "./raw-row.ts";
import type { RowRules } from "./row-rules.ts";
import { refusal, type Stop, stopOf } from "./upload-stop.ts";

/** `CHUNK_ROWS` consecutive rows of an upload; the last chunk may have fewer. */
export interface Chunk {
  readonly kind: "chunk";
  /** from 0 */
  readonly index: number;
  /** The number of its first row; rows count from 1, good or bad. */
  readonly fromRow: number;
  /** The physical line on which each row begins. */
  readonly lines: readonly number[];
  /** Of this chunk and all before it. */
  readonly hash: ChainHash;
  /** Judges its rows by the rules; a chunk that is known already needs no judging. */
  read(): Promise<ReadChunk>;
}

export interface ReadChunk {
  /** `null` stands for a row that can't be accepted: its errors say why. */
  readonly rows: readonly (PackedRow | null)[];
  readonly errors: readonly BatchError[];
}

export type RowsEvent =
  | Chunk
  /** The upload ended well. Only then its last, short chunk has come. */
  | { readonly kind: "ended"; readonly rows: number }
  | Stop;

export interface RowsReading {
  readonly rules: RowRules;
  /** What the chain of hashes begins with: the fingerprint of all that is not rows. */
  readonly seed: ChainHash;
}

/** The rows of an upload, chunk by chunk as they are pulled; the last event says how it ended. An upload can be read once. */
export async function* readRows(
  upload: Pick<Upload, "rows">,
  { rules, seed }: RowsReading,
): AsyncGenerator<RowsEvent, void, undefined> {
  const chain = openChain(seed);
  let index = 0;
  let held: RawRow[] = [];
  const next = (): Chunk => {
    const chunk = chunkOf(held, { index, hash: chain.next(), rules });
    index += 1;
    held = [];
    return chunk;
  };
  try {
    for await (const rows of upload.rows) {
      for (const row of rows) {
        chain.add(row);
        held.push(row);
        if (held.length === CHUNK_ROWS) yield next();
      }
      if (index * CHUNK_ROWS > MOST_ROWS) throw tooMany();
    }
    const rows = index * CHUNK_ROWS + held.length;
    if (rows === 0) throw noRows();
    if (held.length > 0) yield next();
    yield { kind: "ended", rows };
  } catch (error) {
    yield stopOf(error);
  }
}

function chunkOf(
  raw: readonly RawRow[],
  {
    index,
    hash,
    rules,
  }: { readonly index: number; readonly hash: ChainHash; readonly rules: RowRules },
): Chunk {
  const fromRow = index * CHUNK_ROWS + 1;
  return {
    kind: "chunk",
    index,
    fromRow,
    hash,
    lines: raw.map(({ line }) => line),
    read: () => judgeAll(raw, fromRow, rules),
  };
}

/** So long rows are judged without a pause, ms. One bad row with many wrong fields may take as long again. */
const STRETCH_MS = 5;

async function judgeAll(
  raw: readonly RawRow[],
  fromRow: number,
  rules: RowRules,
): Promise<ReadChunk> {
  const rows: (PackedRow | null)[] = [];
  const errors: BatchError[] = [];
  let since = performance.now();
  for (const [index, row] of raw.entries()) {
    if (performance.now() - since > STRETCH_MS) {
      // oxlint-disable-next-line no-await-in-loop -- others have their turn
      await otherWork();
      since = performance.now();
    }
    const judged = rules(row, fromRow + index);
    rows.push(judged.kind === "row" ? judged.row : null);
    if (judged.kind === "refused") errors.push(...judged.errors);
  }
  return { rows, errors };
}

function noRows() {
  const validation = [{ field: "rows", message: "the upload has no rows", value: null }];
  return refusal({ code: "VALIDATION_ERROR", detail: "The upload has no rows", validation });
}

function tooMany() {
  return refusal({ code: "PAYLOAD_TOO_LARGE", detail: `An upload has at most ${MOST_ROWS} rows` });
}

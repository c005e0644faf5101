import type { Problem } from "@pombo/contract";
import {
  type BatchError,
  type BatchId,
  catalogRow,
  isMedia,
  type MediaId,
  type MediaKind,
  type PackedRow,
  packRows,
} from "@pombo/domain";
import { type Chunk, type ReadChunk, readRows } from "@pombo/intake";
import type { Appended, BatchRecord, Ledger } from "@pombo/ledger";
import type { Admission } from "./admission.ts";
import type { OpenedBatchUpload } from "./open-batch-upload.ts";

export interface StoreRowsDeps {
  readonly ledger: Pick<Ledger, "appendChunk" | "readChunk" | "suppressedOf">;
  readonly admission: Admission;
  readonly now: () => number;
}

export type CreatedFor =
  | { readonly kind: "batch"; readonly batch: BatchRecord }
  | { readonly kind: "refused"; readonly problem: Problem };

export interface StoreRowsAsk {
  /** Called once, when there is a first chunk. */
  readonly create: () => Promise<CreatedFor>;
  /** What a sender is told whose upload broke off. */
  readonly brokenOff: () => Problem;
  /** Keeps a file that was uploaded before, for a message that goes at `goesAt`; says why it can't be used. */
  readonly useFile: (file: KeptFile, goesAt: number) => Promise<Problem | undefined>;
}

/** A file that a row names by its id. */
export interface KeptFile {
  readonly kind: MediaKind;
  readonly id: MediaId;
}

interface Refused {
  readonly kind: "refused";
  readonly problem: Problem;
  /** Absent: nothing was left behind. */
  readonly batchId?: BatchId;
  /** The same upload may come again. */
  readonly goesOn: boolean;
}

export type StoredRows =
  | { readonly kind: "stored"; readonly batch: BatchRecord; readonly rows: number }
  | Refused;

/** Stores the rows of an upload chunk by chunk; what is stored already is compared. */
export async function storeRows(
  { upload, rules, fingerprint: seed }: OpenedBatchUpload,
  ask: StoreRowsAsk,
  deps: StoreRowsDeps,
): Promise<StoredRows> {
  const { create, brokenOff } = ask;
  let batch: BatchRecord | undefined;
  for await (const event of readRows(upload, { rules, seed })) {
    if (event.kind === "chunk") {
      const created = batch === undefined ? await create() : { kind: "batch" as const, batch };
      if (created.kind === "refused") return refused(created.problem);
      ({ batch } = created);
      const stopped = await storeChunk({ batch, chunk: event }, ask, deps);
      if (stopped !== undefined) return { ...stopped, batchId: batch.id };
    } else if (event.kind === "ended") {
      if (batch !== undefined) return { kind: "stored", batch, rows: event.rows };
    } else {
      const { problem } = event.kind === "refused" ? event : { problem: brokenOff() };
      const stopped = event.kind === "refused" ? refused(problem) : pending(problem);
      return batch === undefined ? stopped : { ...stopped, batchId: batch.id };
    }
  }
  throw new Error("an upload without an end");
}

function refused(problem: Problem): Refused {
  return { kind: "refused", problem, goesOn: false };
}

function pending(problem: Problem): Refused {
  return { kind: "refused", problem, goesOn: true };
}

async function storeChunk(
  place: Place,
  ask: StoreRowsAsk,
  deps: StoreRowsDeps,
): Promise<Refused | undefined> {
  const { batch, chunk } = place;
  const { index, hash } = chunk;
  const known = index < batch.chunks;
  const full = known ? undefined : await deps.admission.refuse("intake");
  if (full !== undefined) return pending(full);
  let judged = known ? NOTHING : await judgeChunk(place, ask, deps);
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- once more without the rows that turned out to be duplicates
    const appended = await deps.ledger.appendChunk(batch, {
      index,
      hash,
      ...judged,
      now: deps.now(),
    });
    if (appended.kind !== "taken") return refuseAppended(appended, place, deps);
    judged = withoutDuplicates(batch, { chunk, judged }, appended.duplicates);
  }
}

interface JudgedPlace {
  readonly batch: Pick<BatchRecord, "settings">;
  readonly chunk: Chunk;
}

interface JudgeDeps {
  readonly ledger: Pick<Ledger, "suppressedOf">;
  readonly now: () => number;
}

/** A chunk that is stored is compared by its hash alone. */
const NOTHING: ReadChunk = { rows: [], errors: [] };

/** The rows of a chunk that may be sent, and why the others may not. */
export async function judgeChunk(
  place: JudgedPlace,
  ask: Pick<StoreRowsAsk, "useFile">,
  deps: JudgeDeps,
): Promise<ReadChunk> {
  const { batch, chunk } = place;
  const wanted = await withoutSuppressed(place, await chunk.read(), deps);
  const goesAt = batch.settings.sendAt ?? deps.now();
  return withoutLostFiles(wanted, chunk, (file) => ask.useFile(file, goesAt));
}

async function withoutLostFiles(
  judged: ReadChunk,
  chunk: Chunk,
  use: (file: KeptFile) => Promise<Problem | undefined>,
): Promise<ReadChunk> {
  const files = new Map<string, KeptFile>();
  for (const row of judged.rows) {
    const file = keptFileOf(row);
    if (file !== undefined) files.set(nameOf(file), file);
  }
  if (files.size === 0) return judged;
  const used = [...files].map(async ([name, file]) => [name, await use(file)] as const);
  const problems = new Map(await Promise.all(used));
  return leftOut(judged, chunk, (row) => {
    const file = keptFileOf(row);
    const problem = file === undefined ? undefined : problems.get(nameOf(file));
    if (file === undefined || problem === undefined) return undefined;
    const { code, detail = catalogRow(code).says } = problem;
    const field = `${file.kind}.media_id`;
    return { kind: "invalid", field, value: file.id, code, message: detail };
  });
}

function keptFileOf(row: PackedRow | null): KeptFile | undefined {
  const content = row?.content;
  if (content === undefined || !isMedia(content) || content.media.url !== undefined)
    return undefined;
  return { kind: content.kind, id: content.media.id };
}

function nameOf({ kind, id }: KeptFile): string {
  return `${kind} ${id}`;
}

async function withoutSuppressed(
  { batch: { settings }, chunk }: JudgedPlace,
  judged: ReadChunk,
  { ledger }: JudgeDeps,
): Promise<ReadChunk> {
  const recipients = judged.rows.flatMap((row) => (row === null ? [] : [row.to]));
  const suppressed = await ledger.suppressedOf(recipients, settings.priority);
  if (suppressed.size === 0) return judged;
  return leftOut(judged, chunk, ({ to }) => {
    if (!suppressed.has(to)) return undefined;
    const { says } = catalogRow("RECIPIENT_SUPPRESSED");
    return {
      kind: "suppressed",
      field: "to",
      value: to,
      code: "RECIPIENT_SUPPRESSED",
      message: says,
    };
  });
}

function withoutDuplicates(
  { settings }: BatchRecord,
  { chunk, judged }: { readonly chunk: Chunk; readonly judged: ReadChunk },
  duplicates: Extract<Appended, { kind: "taken" }>["duplicates"],
): ReadChunk {
  const firsts = new Map(duplicates.map(({ row, messageId }) => [row, messageId]));
  const field = settings.dedupe === "recipient" ? "to" : "client_ref";
  return leftOut(judged, chunk, ({ to, clientRef = "" }, row) => {
    const messageId = firsts.get(row);
    if (messageId === undefined) return undefined;
    const message = `the same ${field} as message ${messageId}`;
    const value = field === "to" ? to : clientRef;
    return { kind: "duplicate", field, value, code: "CONFLICT", message, messageId };
  });
}

type Why = Omit<BatchError, "row" | "line">;

/** A chunk without the rows that something speaks against, and their errors, in the order of the rows. */
export function leftOut(
  { rows, errors }: ReadChunk,
  { fromRow, lines }: Chunk,
  against: (row: PackedRow, number: number) => Why | undefined,
): ReadChunk {
  const added: BatchError[] = [];
  const kept = rows.map((row, at) => {
    const why = row === null ? undefined : against(row, fromRow + at);
    if (why === undefined) return row;
    added.push({ row: fromRow + at, line: lines[at] ?? 0, ...why });
    return null;
  });
  return { rows: kept, errors: [...errors, ...added].toSorted((a, b) => a.row - b.row) };
}

interface Place {
  readonly batch: BatchRecord;
  readonly chunk: Chunk;
}

async function refuseAppended(
  appended: Exclude<Appended, { kind: "taken" }>,
  { batch, chunk }: Place,
  deps: StoreRowsDeps,
): Promise<Refused | undefined> {
  switch (appended.kind) {
    case "stored":
    case "same":
      return undefined;
    case "differs": {
      const line = await firstDifference({ batch, chunk }, deps);
      const detail = `The Idempotency-Key was used with another upload: they differ ${line}`;
      return refused({ code: "IDEMPOTENCY_KEY_REUSED", detail });
    }
    case "ended": {
      const detail = `The batch has ended meanwhile: it is ${appended.state}`;
      return refused({ code: "CONFLICT", detail });
    }
    case "absent":
      return refused({ code: "BATCH_NOT_FOUND" });
    case "gap":
      throw new Error(`chunk ${chunk.index} came when ${appended.chunks} were stored`);
  }
}

/** Where this upload is another one than the one before, as well as that can be told by what was kept. */
async function firstDifference(
  { batch, chunk }: Place,
  { ledger }: StoreRowsDeps,
): Promise<string> {
  const { lines } = chunk;
  const [first = 0] = lines;
  const stored = await ledger.readChunk(batch.id, chunk.index);
  if (stored === undefined) return `from line ${first} on`;
  const { rows } = await chunk.read();
  // Rows of which one side was not accepted are not kept: nothing can be said of them.
  const at = rows.findIndex((row, index) => {
    const other = stored[index];
    return other === undefined || (row !== null && other !== null && packed(row) !== packed(other));
  });
  if (at !== -1) return `in line ${lines[at] ?? first}`;
  return `between line ${first} and line ${lines.at(-1) ?? first}`;
}

/** The secret of a poll is drawn anew each time. */
function packed({ content, ...row }: PackedRow): string {
  const bare = content?.kind === "poll" ? { ...content, secret: "" } : content;
  return packRows([bare === undefined ? row : { ...row, content: bare }]);
}

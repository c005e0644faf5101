import type { Problem } from "@pombo/contract";
import {
  type BatchId,
  isMedia,
  type MessageContent,
  type PackedRow,
  packRows,
} from "@pombo/domain";
import { type Chunk, type ReadChunk, readRows } from "@pombo/intake";
import type { Appended, BatchRecord, Ledger } from "@pombo/ledger";
import type { Admission } from "./admission.ts";
import { type JudgeAsk, judgeChunk, withoutDuplicates } from "./judge-chunk.ts";
import type { OpenedBatchUpload } from "./open-batch-upload.ts";

export interface StoreRowsDeps {
  readonly ledger: Pick<Ledger, "appendChunk" | "readChunk" | "suppressedOf">;
  readonly admission: Admission;
  readonly now: () => number;
}

export type CreatedFor =
  | { readonly kind: "batch"; readonly batch: BatchRecord }
  | { readonly kind: "refused"; readonly problem: Problem };

export interface StoreRowsAsk extends JudgeAsk {
  /** Called once, when there is a first chunk. */
  readonly create: () => Promise<CreatedFor>;
  /** What a sender is told whose upload broke off. */
  readonly brokenOff: () => Problem;
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

/** A chunk that is stored is compared by its hash alone. */
const NOTHING: ReadChunk = { rows: [], errors: [] };

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

function packed({ content, ...row }: PackedRow): string {
  return packRows([content === undefined ? row : { ...row, content: undrawn(content) }]);
}

/** Without what is drawn anew each time: the secret of a poll, the name of a file that is fetched. */
function undrawn(content: MessageContent): MessageContent {
  if (content.kind === "poll") return { ...content, secret: "" };
  if (!isMedia(content) || content.media.url === undefined) return content;
  const { url } = content.media;
  return { ...content, media: { id: "" as typeof content.media.id, url } };
}

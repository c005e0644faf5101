import type { Problem } from "@pombo/contract";
import {
  type BatchError,
  catalogRow,
  isMedia,
  type MediaId,
  type MediaKind,
  type PackedRow,
} from "@pombo/domain";
import type { Chunk, ReadChunk } from "@pombo/intake";
import type { Appended, BatchRecord, Ledger } from "@pombo/ledger";

/** A file that a row names by its id. */
export interface KeptFile {
  readonly kind: MediaKind;
  readonly id: MediaId;
}

export interface JudgeAsk {
  /** Keeps a file that was uploaded before, for a message that goes at `goesAt`; says why it can't be used. */
  readonly useFile: (file: KeptFile, goesAt: number) => Promise<Problem | undefined>;
}

interface JudgedPlace {
  readonly batch: Pick<BatchRecord, "settings">;
  readonly chunk: Chunk;
}

interface JudgeDeps {
  readonly ledger: Pick<Ledger, "suppressedOf">;
  readonly now: () => number;
}

/** The rows of a chunk that may be sent, and why the others may not. */
export async function judgeChunk(
  place: JudgedPlace,
  ask: JudgeAsk,
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

/** A chunk without the rows that turned out to be duplicates of messages. */
export function withoutDuplicates(
  { settings }: Pick<BatchRecord, "settings">,
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

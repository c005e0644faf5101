import { csvBeginning } from "./csv-header.ts";
import { csvReader, type CsvRecord } from "./csv-reader.ts";
import { readBytes } from "./read-bytes.ts";
import { readText } from "./read-text.ts";
import { type Stop, stopOf } from "./upload-stop.ts";

export interface TableLimits {
  /** largest file */
  readonly bytes: number;
  /** longest record; beyond it, it is none */
  readonly recordChars: number;
}

export type TableEvent =
  | { readonly kind: "records"; readonly records: readonly CsvRecord[] }
  | { readonly kind: "ended" }
  | Stop;

/** The records of CSV that may have no header, as they are pulled; the last event says how it ended. */
export async function* readTable(
  source: AsyncIterable<Uint8Array>,
  { bytes, recordChars }: TableLimits,
): AsyncGenerator<TableEvent, void, undefined> {
  try {
    const texts = readText(readBytes({ source }, { bytes, gzipRatio: 1 }));
    for await (const records of recordsOf(texts, { firstChars: recordChars, recordChars }))
      yield { kind: "records", records };
    yield { kind: "ended" };
  } catch (error) {
    yield stopOf(error);
  }
}

export interface RecordLimits {
  /** Longest first record, in characters: until it has come, nothing is told. */
  readonly firstChars: number;
  readonly recordChars: number;
}

/** Records, piece by piece; the first one tells how they are written. @throws UploadStop */
export async function* recordsOf(
  texts: AsyncGenerator<string>,
  { firstChars, recordChars }: RecordLimits,
): AsyncGenerator<readonly CsvRecord[]> {
  const { delimiter, skipped, line, text, final } = await readBeginning(texts, firstChars);
  const reader = csvReader({ delimiter, mostChars: recordChars, line });
  yield reader.push(text.slice(skipped));
  if (!final) for await (const piece of texts) yield reader.push(piece);
  yield reader.end();
}

async function readBeginning(texts: AsyncGenerator<string>, mostChars: number) {
  let text = "";
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- piece after piece
    const next = await texts.next();
    const final = next.done === true;
    if (next.done !== true) text += next.value;
    const begins = csvBeginning(text, { mostChars, final });
    if (begins !== undefined) return { ...begins, text, final };
  }
}

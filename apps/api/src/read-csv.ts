import { pipeline } from "node:stream/promises";
import { TextDecoder } from "node:util";
import { CsvError, parse } from "csv-parse";

/** A row as the file has it: the line in which it begins, and its cells without the space around them. */
export interface CsvRow {
  /** From 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export type ReadCsv =
  | { readonly kind: "read" }
  | { readonly kind: "too-large" }
  /** The rows before it were handed on. */
  | { readonly kind: "wrong"; readonly line: number; readonly message: string };

export interface CsvLimits {
  /** Of the whole file. */
  readonly limitBytes: number;
  /** Of one row. */
  readonly rowBytes: number;
}

/**
 * Hands the rows of a CSV file on, one after the other, as its bytes come: commas or semicolons, quotes as RFC 4180 has them, UTF-8 with
 * or without a BOM. Empty lines are no rows. Errors of the bytes' source are thrown.
 */
export async function readCsv(
  bytes: AsyncIterable<Uint8Array>,
  take: (row: CsvRow) => Promise<void> | void,
  limits: CsvLimits,
): Promise<ReadCsv> {
  let line = 0;
  try {
    const { first, rest } = await begin(textOf(bytes, limits.limitBytes));
    const parser = parse({
      delimiter: delimiterOf(first),
      info: true,
      max_record_size: limits.rowBytes,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
    await pipeline(rest, parser, async (records: AsyncIterable<CsvRecord>) => {
      for await (const { info, record } of records) {
        line = info.lines;
        // oxlint-disable-next-line no-await-in-loop -- row after row
        await take({ line: info.lines - lineBreaksIn(record), cells: record });
      }
    });
    return { kind: "read" };
  } catch (error) {
    return refusalOf(error, line);
  }
}

interface CsvRecord {
  /** `lines`: the one in which the record ends. */
  readonly info: { readonly lines: number };
  readonly record: readonly string[];
}

class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

class NoTextError extends Error {
  override readonly name = "NoTextError";
}

/** What comes before the first line break decides which delimiter the file has. */
async function begin(texts: AsyncGenerator<string>) {
  let first = "";
  while (!first.includes("\n") && first.length < FIRST_LINE) {
    // oxlint-disable-next-line no-await-in-loop -- piece after piece
    const next = await texts.next();
    if (next.done === true) break;
    first += next.value;
  }
  async function* rest(): AsyncGenerator<string> {
    yield first;
    yield* texts;
  }
  return { first: first.split("\n", 1)[0] ?? "", rest: rest() };
}

const FIRST_LINE = 1_000;

function delimiterOf(firstLine: string): string {
  return firstLine.includes(";") && !firstLine.includes(",") ? ";" : ",";
}

/** Line breaks of every kind become `\n`. Observed: the parser counts a CRLF between quotes as two lines. */
async function* textOf(bytes: AsyncIterable<Uint8Array>, limitBytes: number) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let size = 0;
  let held = "";
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > limitBytes) throw new TooLargeError();
    const text = held + decoded(decoder, chunk);
    held = text.endsWith("\r") ? "\r" : "";
    yield withPlainBreaks(text.slice(0, text.length - held.length));
  }
  yield withPlainBreaks(held + decoded(decoder));
}

function decoded(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new NoTextError("the bytes are not UTF-8", { cause });
  }
}

function withPlainBreaks(text: string): string {
  return text.replaceAll(/\r\n?/g, "\n");
}

function lineBreaksIn(cells: readonly string[]): number {
  return cells.reduce((count, cell) => count + cell.split("\n").length - 1, 0);
}

/** By the code of the parser's error; its own sentences hold what the file says. */
const WRONG: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is opened and never closed",
  CSV_INVALID_CLOSING_QUOTE: "a quote is closed in the middle of a cell",
  INVALID_OPENING_QUOTE: "a quote is opened in the middle of a cell",
  CSV_MAX_RECORD_SIZE: "the row is too long",
};

function refusalOf(error: unknown, line: number): ReadCsv {
  if (error instanceof TooLargeError) return { kind: "too-large" };
  if (error instanceof NoTextError)
    return { kind: "wrong", line: line + 1, message: "the file must be text in UTF-8" };
  if (!(error instanceof CsvError)) throw error;
  const { lines } = error as CsvError & { readonly lines?: number };
  return { kind: "wrong", line: lines ?? line + 1, message: WRONG[error.code] ?? "no valid CSV" };
}

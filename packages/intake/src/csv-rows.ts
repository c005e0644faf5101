import { type CsvHeader, headerOf } from "./csv-header.ts";
import type { CsvRecord } from "./csv-reader.ts";
import { type RawRow, tooLong, unreadable } from "./raw-row.ts";
import { recordsOf } from "./read-table.ts";
import type { RowLimits } from "./row-limits.ts";
import { undecodable } from "./upload-stop.ts";

export interface CsvUpload {
  readonly header: CsvHeader;
  readonly rows: AsyncGenerator<readonly RawRow[]>;
}

/** A table, read up to its header. @throws UploadStop, also while its rows are pulled */
export async function openCsv(
  texts: AsyncGenerator<string>,
  { rowChars, recordChars }: RowLimits,
): Promise<CsvUpload> {
  const pieces = recordsOf(texts, { firstChars: rowChars, recordChars });
  const [first, ...others] = await firstRecords(pieces);
  if (first === undefined) throw undecodable("The upload is empty");
  const columns = headerOf(first);
  const toRow = rowOf(columns, rowChars);
  async function* rows(): AsyncGenerator<readonly RawRow[]> {
    yield others.map(toRow);
    for await (const piece of pieces) yield piece.map(toRow);
  }
  return { header: { columns, line: first.line }, rows: rows() };
}

async function firstRecords(
  pieces: AsyncGenerator<readonly CsvRecord[]>,
): Promise<readonly CsvRecord[]> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- piece after piece
    const next = await pieces.next();
    if (next.done === true) return [];
    if (next.value.length > 0) return next.value;
  }
}

function rowOf({ length: width }: readonly string[], rowChars: number) {
  return ({ line, cells, chars, wrong }: CsvRecord): RawRow => {
    if (chars > rowChars) return tooLong(line, chars, rowChars);
    if (wrong !== undefined)
      return unreadable(line, { code: "VALIDATION_ERROR", message: wrong, value: cells.join(",") });
    if (cells.length !== width) {
      const message = `the row has ${counted(cells.length, "value")}, but the header has ${counted(width, "column")}`;
      return unreadable(line, { code: "VALIDATION_ERROR", message, value: cells.join(",") });
    }
    return { line, content: { kind: "cells", cells }, hashed: JSON.stringify(cells) };
  };
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

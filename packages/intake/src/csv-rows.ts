import { type CsvHeader, csvBeginning, headerOf } from "./csv-header.ts";
import { csvReader, type CsvRecord } from "./csv-reader.ts";
import { type RawRow, tooLong, unreadable } from "./raw-row.ts";
import type { RowLimits } from "./row-limits.ts";
import { undecodable } from "./upload-stop.ts";

export interface CsvUpload {
  readonly header: CsvHeader;
  readonly rows: AsyncGenerator<readonly RawRow[]>;
}

/** A table, read up to its header. @throws UploadStop, also while its rows are pulled */
export async function openCsv(
  texts: AsyncGenerator<string>,
  { rowChars, recordChars: mostChars }: RowLimits,
): Promise<CsvUpload> {
  let text = "";
  let begins = undefined;
  let final = false;
  while (begins === undefined) {
    // oxlint-disable-next-line no-await-in-loop -- piece after piece
    const next = await texts.next();
    if (next.done === true) final = true;
    else text += next.value;
    begins = csvBeginning(text, { mostChars: rowChars, final });
  }
  const { delimiter, skipped, line } = begins;
  const reader = csvReader({ delimiter, mostChars, line });
  const records = reader.push(text.slice(skipped));
  while (records.length === 0 && !final) {
    // oxlint-disable-next-line no-await-in-loop
    const next = await texts.next();
    if (next.done === true) final = true;
    else records.push(...reader.push(next.value));
  }
  if (final) records.push(...reader.end());
  const [first, ...others] = records;
  if (first === undefined) throw undecodable("The upload is empty");
  const columns = headerOf(first);
  const toRow = rowOf(columns, rowChars);
  async function* rows(): AsyncGenerator<readonly RawRow[]> {
    yield others.map(toRow);
    if (final) return;
    for await (const piece of texts) yield reader.push(piece).map(toRow);
    yield reader.end().map(toRow);
  }
  return { header: { columns, delimiter, line: first.line }, rows: rows() };
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

import { type JsonBody, jsonBodyReader, type JsonRow } from "./json-body.ts";
import { type RawRow, tooLong } from "./raw-row.ts";
import type { RowLimits } from "./row-limits.ts";
import { refusal } from "./upload-stop.ts";

export interface JsonUpload {
  readonly settings: JsonBody["settings"];
  readonly rows: AsyncGenerator<readonly RawRow[]>;
}

/** One JSON body, read to its end: its settings may come after its rows. @throws UploadStop */
export async function openJson(
  texts: AsyncGenerator<string>,
  { rowChars, recordChars: mostChars, mostRows }: RowLimits & { readonly mostRows: number },
): Promise<JsonUpload> {
  const reader = jsonBodyReader({ mostRows, mostChars });
  for await (const text of texts) reader.push(text);
  const { settings, rows } = reader.end();
  if (rows === undefined) throw noRows();
  async function* all(): AsyncGenerator<readonly RawRow[]> {
    for (const row of rows ?? []) yield [rowOf(row, rowChars)];
  }
  return { settings, rows: all() };
}

function rowOf({ line, chars, value }: JsonRow, rowChars: number): RawRow {
  if (chars > rowChars) return tooLong(line, chars, rowChars);
  return { line, content: { kind: "value", value }, hashed: JSON.stringify(value) };
}

function noRows() {
  const message = "rows is required and must be a list of objects";
  return refusal({
    code: "VALIDATION_ERROR",
    validation: [{ field: "rows", message, value: null }],
  });
}

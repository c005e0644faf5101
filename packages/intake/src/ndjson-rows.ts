import { parseJson } from "@pombo/contract";
import { type Line, lineReader } from "./line-reader.ts";
import { type RawRow, tooLong, unreadable } from "./raw-row.ts";
import type { RowLimits } from "./row-limits.ts";
import { undecodable } from "./upload-stop.ts";

export interface NdjsonUpload {
  /** What the first line says as `{"batch":{…}}`, or itself, when it has `from` and no `to`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly rows: AsyncGenerator<readonly RawRow[]>;
}

/** A line an object, read up to the first one. @throws UploadStop, also while its rows are pulled */
export async function openNdjson(
  texts: AsyncGenerator<string>,
  { rowChars }: RowLimits,
): Promise<NdjsonUpload> {
  const reader = lineReader(rowChars);
  const lines: Line[] = [];
  let final = false;
  while (lines.length === 0 && !final) {
    // oxlint-disable-next-line no-await-in-loop -- piece after piece
    const next = await texts.next();
    final = next.done === true;
    lines.push(...(next.done === true ? reader.end() : reader.push(next.value)));
  }
  const [first] = lines;
  if (first === undefined) throw undecodable("The upload is empty");
  const settings = settingsOf(first);
  const toRow = (line: Line): RawRow => rowOf(line, rowChars);
  async function* rows(): AsyncGenerator<readonly RawRow[]> {
    yield (settings === undefined ? lines : lines.slice(1)).map(toRow);
    if (final) return;
    for await (const piece of texts) yield reader.push(piece).map(toRow);
    yield reader.end().map(toRow);
  }
  return { ...(settings === undefined ? {} : { settings }), rows: rows() };
}

/** A row tells to whom, never from whom. @throws UploadStop when the settings can't be read: no row can be judged without them */
function settingsOf({ text = "", line }: Line): Readonly<Record<string, unknown>> | undefined {
  const named = /^\s*\{\s*"batch"\s*:/.test(text);
  if (!named && !text.includes('"from"')) return undefined;
  const parsed = parseJson(text, "The line with the settings");
  if (parsed.kind === "undecodable") {
    if (!named) return undefined;
    const detail = parsed.detail ?? "The line with the settings is not valid JSON";
    throw undecodable(`${detail} (line ${line})`, line);
  }
  if (!isObject(parsed.value)) return undefined;
  const { batch, ...others } = parsed.value;
  if (isObject(batch) && Object.keys(others).length === 0) return batch;
  return "from" in others && !("to" in others) ? parsed.value : undefined;
}

function rowOf({ line, chars, text }: Line, rowChars: number): RawRow {
  if (text === undefined) return tooLong(line, chars, rowChars);
  const parsed = parseJson(text, "the row");
  if (parsed.kind === "undecodable") {
    const message = parsed.detail ?? "the row is not valid JSON";
    return unreadable(line, { code: "INVALID_JSON", message, value: text.trim() });
  }
  const { value } = parsed;
  return { line, content: { kind: "value", value }, hashed: JSON.stringify(value) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { shortened } from "@pombo/contract";
import { columnName } from "@pombo/domain";
import { type CsvRecord, firstRecord } from "./csv-reader.ts";
import { refusal, undecodable } from "./upload-stop.ts";

export interface CsvHeader {
  /** Names of the columns, trimmed and normalised. */
  readonly columns: readonly string[];
  /** The physical line of the header. */
  readonly line: number;
}

const DELIMITERS = [",", ";", "\t"] as const;
/** A line that some spreadsheets put before the header. */
const SAYS_DELIMITER = /^sep=([,;\t])(?:\r\n|\r|\n)/i;
const MOST_COLUMNS = 256;
/** The column that every table of recipients has. */
const TO = "to";

/** Where the records of a table begin, and how they are told apart. */
export interface CsvBeginning {
  readonly delimiter: string;
  /** What comes before the header, in characters. */
  readonly skipped: number;
  /** The line after that. */
  readonly line: number;
}

/**
 * How a table begins; undefined when its header has not come. The delimiter is the one by which the header has a column `to`, else the one
 * that makes most columns.
 * @throws UploadStop
 */
export function csvBeginning(
  text: string,
  options: { readonly mostChars: number; readonly final: boolean },
): CsvBeginning | undefined {
  const said = SAYS_DELIMITER.exec(text);
  if (said !== null) {
    const [{ length: skipped }, delimiter = ","] = said;
    return { delimiter, skipped, line: 2 };
  }
  const tried = DELIMITERS.flatMap((delimiter) => {
    const first = firstRecord(text, { delimiter, ...options });
    return first === undefined ? [] : [{ delimiter, names: first.map(columnName) }];
  });
  if (tried.length < DELIMITERS.length && !options.final) return undefined;
  const [best] = tried.toSorted((a, b) => rank(b.names) - rank(a.names));
  return { delimiter: best?.delimiter ?? ",", skipped: 0, line: 1 };
}

function rank(names: readonly string[]): number {
  return (names.includes(TO) ? 1_000 : 0) + names.length;
}

/** The columns of a table. @throws UploadStop when a name is missing or given twice */
export function headerOf({ cells, line, wrong }: CsvRecord): readonly string[] {
  if (wrong !== undefined)
    throw undecodable(`The header can't be read: ${wrong} (line ${line})`, line);
  const columns = cells.map(columnName);
  if (columns.length > MOST_COLUMNS)
    throw bad(line, "header", `The header has more than ${MOST_COLUMNS} columns`);
  const nameless = columns.indexOf("");
  if (nameless !== -1)
    throw bad(line, "header", `Column ${nameless + 1} of the header has no name`);
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw bad(line, shortened(twice), `The header has the column "${shortened(twice)}" twice`);
  return columns;
}

function bad(line: number, field: string, message: string) {
  const told = `${message} (line ${line})`;
  const validation = [{ field, message: told, value: null }];
  return refusal({ code: "VALIDATION_ERROR", detail: told, validation }, line);
}

/** Rows that a preview reads by default (`batch_preview_rows`); what lies behind them need not be sent. */
export const PREVIEW_ROWS = 100_000;
export const PREVIEW_BYTES = 16 * 1_024 * 1_024;

export type Format = "csv" | "ndjson" | "json";

const FORMATS: readonly (readonly [RegExp, Format])[] = [
  [/\.(?:csv|tsv|txt)$/i, "csv"],
  [/\.(?:ndjson|jsonl)$/i, "ndjson"],
  [/\.json$/i, "json"],
];

export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  csv: "text/csv",
  ndjson: "application/x-ndjson",
  json: "application/json",
};

/** By its name; undefined for one that Pombo can't read. */
export function formatOf(name: string): Format | undefined {
  return FORMATS.find(([pattern]) => pattern.test(name))?.[1];
}

const QUOTE = 0x22;
const LINE_END = 0x0a;

/**
 * How many bytes of a beginning are whole rows, at most so many lines. A line end inside quotes of CSV ends no row. 0: not one row is whole.
 */
export function wholeRows(bytes: Uint8Array, format: Format, lines: number): number {
  let quoted = false;
  let seen = 0;
  let end = 0;
  for (let at = 0; at < bytes.length && seen < lines; at += 1) {
    if (bytes[at] === QUOTE && format === "csv") quoted = !quoted;
    if (bytes[at] !== LINE_END || quoted) continue;
    seen += 1;
    end = at + 1;
  }
  return end;
}

const DELIMITERS = [",", ";", "\t"] as const;

/** The columns of a CSV file by its first line: the delimiter is the one by which it has a column `to`. Empty when there is none. */
export function columnsOf(text: string): readonly string[] {
  const [line = ""] = text
    .replace(/^\uFEFF/, "")
    .replace(/^sep=.\r?\n/i, "")
    .split(/\r?\n|\r/, 1);
  for (const delimiter of DELIMITERS) {
    const names = line.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
    if (names.some((name) => name.toLowerCase() === "to")) return names;
  }
  return [];
}

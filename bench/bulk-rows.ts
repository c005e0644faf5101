/** A file of rows about 300 bytes long each, as text, made piece by piece: the same for every contender. */
export interface BulkFile {
  readonly format: "csv" | "ndjson";
  readonly rows: number;
  readonly firstNumber: number;
}

export interface BulkRow {
  readonly to: string;
  readonly name: string;
  readonly order: string;
  readonly note: string;
}

export const TEMPLATE = "Hello {{name}}, your order {{order}} is on its way. {{note}}";

const WORDS =
  "the parcel left our house this morning and will be with you by tomorrow at noon so please be at home or tell a neighbour who may take it".split(
    " ",
  );
const NOTE_CHARS = 250;
const ROWS_A_PIECE = 200;

export function rowOf({ firstNumber }: BulkFile, index: number): BulkRow {
  let note = "";
  for (let word = index * 31; note.length < NOTE_CHARS; word += 7 + (index % 5))
    note += `${WORDS[word % WORDS.length]} `;
  return {
    to: String(firstNumber + index),
    name: `Customer ${index}`,
    order: `A-${(index * 7_919).toString(36)}`,
    note: note.slice(0, NOTE_CHARS).trim(),
  };
}

/** The file from its beginning; `settings` is the first line of NDJSON. */
export function* piecesOf(file: BulkFile, settings: object): Generator<string, void, undefined> {
  yield file.format === "csv" ? "to,name,order,note\n" : `${JSON.stringify({ batch: settings })}\n`;
  for (let from = 0; from < file.rows; from += ROWS_A_PIECE) {
    let piece = "";
    const to = Math.min(file.rows, from + ROWS_A_PIECE);
    for (let index = from; index < to; index += 1) piece += lineOf(file, index);
    yield piece;
  }
}

function lineOf(file: BulkFile, index: number): string {
  const row = rowOf(file, index);
  return file.format === "csv"
    ? `${row.to},${row.name},${row.order},"${row.note}"\n`
    : `${JSON.stringify(row)}\n`;
}

import {
  type ImportedSuppressionsBody,
  type Problem,
  suppressionRow,
  validate,
  type ValidationEntry,
} from "@pombo/contract";
import { parseRecipient, type Settings } from "@pombo/domain";
import { type CsvRecord, readTable } from "@pombo/intake";
import type { Ledger, NewSuppression } from "@pombo/ledger";
import { json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { readFile, type RequestFile } from "../read-file.ts";

export interface ImportDeps {
  readonly ledger: Pick<Ledger, "addSuppressions">;
  readonly settings: Settings;
  readonly now: () => number;
}

/**
 * `POST /v1/suppressions/import`: row by row as the file comes. What was read stays on the list, also when the file breaks off: adding it
 * again changes nothing.
 */
export function importSuppressions(deps: ImportDeps): Handler<"importSuppressions"> {
  return async ({ request, client, caller }) => {
    const limitBytes = deps.settings.suppression_import_limit_bytes;
    const file = await readFile(request, { limitBytes, stop: client.ended });
    if (file.kind === "refused") return refuse(file.problem);
    if (!isCsv(request.headers["content-type"])) return refuse(noCsv);
    const rows = collect({ ...deps, by: caller.keyId });
    const wrong = await takeRows(file.file, (row) => rows.take(row), limitBytes);
    if (client.ended.aborted) return refuse({ code: "INVALID_API_KEY" });
    if (wrong !== undefined) return refuse(wrong);
    const body = await rows.end();
    return body.rows === 0 ? refuse(wrongFile("line 1", "the file has no rows")) : json(200, body);
  };
}

const TYPES =
  /^(?:text\/(?:csv|plain)|application\/(?:octet-stream|csv|vnd\.ms-excel)|multipart\/form-data)\s*(?:;|$)/i;

function isCsv(type: string | undefined): boolean {
  return type === undefined || TYPES.test(type);
}

const noCsv = {
  code: "UNSUPPORTED_MEDIA_TYPE",
  detail: "Send the file as text/csv",
} as const;

const broken = {
  code: "INVALID_REQUEST_FORMAT",
  detail: "The request ended before its file did",
} as const;

function wrongFile(field: string, message: string): Problem {
  return { code: "VALIDATION_ERROR", validation: [{ field, message, value: null }] };
}

const LONGEST_ROW = 4_096;

/** Why the file was not read to its end; undefined when it was. */
async function takeRows(
  { bytes }: RequestFile,
  take: (row: CsvRecord) => Promise<void>,
  limitBytes: number,
): Promise<Problem | undefined> {
  try {
    for await (const event of readTable(bytes, { bytes: limitBytes, recordChars: LONGEST_ROW })) {
      if (event.kind === "refused") return event.problem;
      if (event.kind === "broken") return broken;
      if (event.kind === "ended") return undefined;
      // oxlint-disable-next-line no-await-in-loop -- row after row
      for (const record of event.records) await take(record);
    }
  } catch (error) {
    if (error instanceof WrongHeaderError) return wrongFile(`line ${error.line}`, error.message);
    throw error;
  }
  return undefined;
}

const TOGETHER = 500;
const MOST_ERRORS = 1_000;

/** Writes rows as they come, some together, and counts what becomes of them. */
function collect({ ledger, by, now }: Omit<ImportDeps, "settings"> & { readonly by: string }) {
  const counts = { rows: 0, added: 0, changed: 0, already: 0, invalid: 0 };
  const errors: ImportedSuppressionsBody["errors"] = [];
  let columns: readonly Column[] | undefined;
  let waiting: NewSuppression[] = [];
  const write = async (): Promise<void> => {
    const some = waiting;
    waiting = [];
    const results = await ledger.addSuppressions(some, { by, now: now() });
    for (const result of results) counts[result] += 1;
  };
  const read = (record: CsvRecord, names: readonly Column[]): void => {
    counts.rows += 1;
    const { line } = record;
    const row = readRow(record, names);
    if (row.kind === "row") waiting.push(row.suppression);
    else {
      counts.invalid += 1;
      if (errors.length < MOST_ERRORS) errors.push({ line, ...row.error });
    }
  };
  return {
    async take(row: CsvRecord): Promise<void> {
      if (columns === undefined) {
        const header = readHeader(row);
        columns = header ?? COLUMNS;
        if (header !== undefined) return;
      }
      read(row, columns);
      if (waiting.length >= TOGETHER) await write();
    },
    async end(): Promise<ImportedSuppressionsBody> {
      await write();
      return { success: true, ...counts, errors };
    },
  };
}

const COLUMNS = ["to", "reason", "note"] as const;
type Column = (typeof COLUMNS)[number];

const COLUMN_NAMES: ReadonlyMap<string, Column> = new Map([
  ...COLUMNS.map((name) => [name, name] as const),
  ...["number", "phone", "recipient"].map((name) => [name, "to"] as const),
]);

class WrongHeaderError extends Error {
  override readonly name = "WrongHeaderError";
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** The columns that the first row names; undefined when it is a recipient already. */
function readHeader({ line, cells }: CsvRecord): readonly Column[] | undefined {
  if (parseRecipient(cells[0] ?? "").kind === "recipient") return undefined;
  const columns = cells.map((cell) => COLUMN_NAMES.get(cell.trim().toLowerCase()));
  const unknown = columns.indexOf(undefined);
  const named = columns.filter((column) => column !== undefined);
  if (unknown === -1 && named.includes("to") && new Set(named).size === named.length) return named;
  const told =
    "the first row must name the columns to, reason and note, each once, or be a recipient";
  throw new WrongHeaderError(line, told);
}

type ReadRow =
  | { readonly kind: "row"; readonly suppression: NewSuppression }
  | { readonly kind: "invalid"; readonly error: ValidationEntry };

function readRow({ cells, wrong }: CsvRecord, columns: readonly Column[]): ReadRow {
  if (wrong !== undefined || cells.length > columns.length) {
    const many = `the row has ${cells.length} cells, and there are ${columns.length} columns`;
    return { kind: "invalid", error: { field: "row", message: wrong ?? many, value: null } };
  }
  const given = columns.map((column, index) => [column, plain(cells[index])] as const);
  const row = Object.fromEntries(given.filter(([column, cell]) => column === "to" || cell !== ""));
  const validated = validate(suppressionRow, row);
  if (validated.kind === "valid") {
    const { to, reason = "manual", note } = validated.value;
    const suppression = { recipient: to, reason, ...(note === undefined ? {} : { note }) };
    return { kind: "row", suppression };
  }
  const [error] = validated.validation;
  return {
    kind: "invalid",
    error: error ?? { field: "row", message: "is not valid", value: null },
  };
}

/** A cell without the space around it; line breaks of every kind are one. */
function plain(cell = ""): string {
  return cell.trim().replaceAll(/\r\n?/g, "\n");
}

import { nearestName, type Problem, shortened, type ValidationEntry } from "@pombo/contract";
import { MEDIA_KINDS } from "@pombo/domain";
import type { CsvHeader } from "./csv-header.ts";

/** How the cells of a table become the fields of a row. */
export interface ColumnPlan {
  /** A row as an object, as NDJSON would have it; an empty cell is an absent field. */
  fieldsOf(cells: readonly string[]): Record<string, unknown>;
  /** The values of the template's columns, in their order. */
  valuesOf(cells: readonly string[]): readonly string[];
}

export type PlannedColumns =
  | { readonly kind: "plan"; readonly plan: ColumnPlan }
  | { readonly kind: "refused"; readonly problem: Problem };

export interface ColumnsWanted {
  /** The columns that the template names; absent when there is none, and rows bring their own content. */
  readonly named?: readonly string[];
  /** Columns that nobody asks for are left out in place of refused. */
  readonly extraColumns?: boolean;
}

type Read = (cell: string) => unknown;

const asText: Read = (cell) => cell;

function asNumber(cell: string): unknown {
  return /^\s*-?[0-9]+(?:\.[0-9]+)?\s*$/.test(cell) ? Number(cell) : cell;
}

function asBoolean(cell: string): unknown {
  return cell === "true" || (cell === "false" ? false : cell);
}

/** What is no JSON stays a text, which the rules then refuse. */
function asJson(cell: string): unknown {
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return cell;
  }
}

const ROW_COLUMNS: Readonly<Record<string, Read>> = {
  to: asText,
  client_ref: asText,
  metadata: asJson,
};

/** The contents that a table can tell without a template: `image.url` is the `url` of `image`. */
const CONTENT_COLUMNS: Readonly<Record<string, Read>> = {
  text: asText,
  ...Object.fromEntries(
    MEDIA_KINDS.flatMap((kind) =>
      ["url", "media_id", "caption", "file_name", "mime_type"].map((field) => [
        `${kind}.${field}`,
        asText,
      ]),
    ),
  ),
  "audio.ptt": asBoolean,
  "location.latitude": asNumber,
  "location.longitude": asNumber,
  "location.name": asText,
  "location.address": asText,
  "contact.name": asText,
  "contact.phone": asText,
  "contact.organization": asText,
};

/** Holds the header of a table against what is wanted of it. */
export function planColumns(header: CsvHeader, wanted: ColumnsWanted): PlannedColumns {
  const { columns } = header;
  const { named } = wanted;
  const known = named === undefined ? { ...ROW_COLUMNS, ...CONTENT_COLUMNS } : ROW_COLUMNS;
  const wrong = [
    ...missingTo(columns),
    ...missingNamed(columns, named ?? []),
    ...(wanted.extraColumns === true ? [] : unknownColumns(columns, known, named ?? [])),
    ...(named === undefined ? missingContent(columns) : []),
  ];
  if (wrong.length > 0)
    return { kind: "refused", problem: { code: "VALIDATION_ERROR", validation: wrong } };
  const fields = columns.flatMap((column, index): Field[] => {
    const read = known[column];
    return read === undefined ? [] : [{ index, path: column.split("."), read }];
  });
  const places = (named ?? []).map((name) => columns.indexOf(name));
  return {
    kind: "plan",
    plan: {
      fieldsOf: (cells) => fieldsOf(cells, fields),
      valuesOf: (cells) => places.map((place) => cells[place] ?? ""),
    },
  };
}

interface Field {
  readonly index: number;
  readonly path: readonly string[];
  readonly read: Read;
}

function fieldsOf(cells: readonly string[], fields: readonly Field[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const { index, path, read } of fields) {
    const cell = cells[index] ?? "";
    if (cell === "") continue;
    const [first = "", second] = path;
    if (second === undefined) row[first] = read(cell);
    else row[first] = { ...(row[first] as object | undefined), [second]: read(cell) };
  }
  return row;
}

const MOST_ENTRIES = 20;
/** Names of columns that probably hold numbers. */
const NUMBERS = /phone|mobile|number|whats|tel|cel|num/i;

function missingTo(columns: readonly string[]): ValidationEntry[] {
  if (columns.includes("to")) return [];
  const other = columns.find((column) => NUMBERS.test(column));
  const hint =
    other === undefined || meant("to", columns) !== ""
      ? meant("to", columns)
      : `; if "${shortened(other)}" is whom to send to, call it "to"`;
  return [{ field: "to", message: `there is no column "to"${hint}`, value: null }];
}

function missingNamed(columns: readonly string[], named: readonly string[]): ValidationEntry[] {
  return named
    .filter((name) => !columns.includes(name))
    .slice(0, MOST_ENTRIES)
    .map((name) => {
      const told = shortened(name);
      const message = `template names {{${told}}}, but there is no such column${meant(name, columns)}`;
      return { field: "template", message, value: told };
    });
}

function unknownColumns(
  columns: readonly string[],
  known: Readonly<Record<string, unknown>>,
  named: readonly string[],
): ValidationEntry[] {
  const names = [...Object.keys(known), ...named];
  return columns
    .filter((column) => !names.includes(column))
    .slice(0, MOST_ENTRIES)
    .map((column) => {
      const field = shortened(column);
      const hint = meant(column, names) || `; the known columns are ${listed(names)}${LEFT_OUT}`;
      return { field, message: `unknown column "${field}"${hint}`, value: null };
    });
}

/** How the setting of a batch is called that asks for it. */
const LEFT_OUT = "; extra_columns=ignore leaves out what is unknown";

/** Most columns that a message names. */
const MOST_NAMES = 8;

export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map(shortened).join(", ");
  return names.length > MOST_NAMES ? `${shown} and others` : shown;
}

function missingContent(columns: readonly string[]): ValidationEntry[] {
  const has = columns.some((column) => Object.hasOwn(CONTENT_COLUMNS, column));
  if (has) return [];
  const message = "there is no template, and no column with a content, like text or image.url";
  return [{ field: "template", message, value: null }];
}

/** The column that was probably meant, as the end of a message. */
export function meant(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : `; did you mean "${shortened(nearest)}"?`;
}

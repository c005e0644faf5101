import {
  batchRow,
  type CodedEntry,
  elide,
  type Problem,
  shortened,
  readPlainRow,
  templateRow,
  validateRow,
} from "@pombo/contract";
import {
  type BatchError,
  type PackedRow,
  type Recipient,
  recipientKey,
  type Settings,
} from "@pombo/domain";
import { planColumns } from "./column-plan.ts";
import type { CsvHeader } from "./csv-header.ts";
import type { RawRow, Unreadable } from "./raw-row.ts";
import { contentOfRow } from "./row-content.ts";
import { inputReader, type RowInput } from "./row-input.ts";
import { type GivenTemplate, openTemplate, type RowTemplate } from "./row-template.ts";

/** What a batch says about all its rows. */
export interface RowsWanted {
  readonly template?: GivenTemplate | undefined;
  /** Of CSV: the upload's. */
  readonly header?: CsvHeader | undefined;
  /** Columns and fields that nobody asks for are left out in place of refused. */
  readonly extraColumns?: boolean | undefined;
}

export type RowRules = (raw: RawRow, row: number) => JudgedRow;

type JudgedRow =
  | { readonly kind: "row"; readonly row: PackedRow }
  /** One for each wrong field. */
  | { readonly kind: "refused"; readonly errors: readonly BatchError[] };

export type OpenedRules =
  | {
      readonly kind: "rules";
      readonly rules: RowRules;
      /** What the values of a row stand for, in their order. */
      readonly columns: readonly string[];
    }
  | { readonly kind: "refused"; readonly problem: Problem };

/**
 * The rules by which rows of an upload become rows of a batch: those of single sends. Refuses a template that no row could make right,
 * and a header that does not fit.
 */
export function openRules(wanted: RowsWanted, settings: Settings): OpenedRules {
  const { template: given, header } = wanted;
  const opened = given === undefined ? undefined : openTemplate(given, settings);
  if (opened?.kind === "refused") return opened;
  const template = opened?.template;
  const extraColumns = wanted.extraColumns === true;
  const named = template === undefined ? {} : { named: template.columns };
  const planned =
    header === undefined ? undefined : planColumns(header, { ...named, extraColumns });
  if (planned?.kind === "refused") return planned;
  const read = inputReader({ plan: planned?.plan, named: template?.columns, extraColumns });
  const judge = template === undefined ? contentJudge(settings) : templateJudge(template, settings);
  const rules: RowRules = ({ line, content }, row) => {
    const judged = content.kind === "unreadable" ? [entryOf(content)] : judgeInput(read(content));
    return isRow(judged)
      ? { kind: "row", row: judged }
      : { kind: "refused", errors: judged.map((entry) => errorOf(entry, { row, line })) };
  };
  const judgeInput = (input: RowInput | CodedEntry): PackedRow | readonly CodedEntry[] =>
    "code" in input ? [input] : judge(input);
  return { kind: "rules", rules, columns: template?.columns ?? [] };
}

type Judge = (input: RowInput) => PackedRow | readonly CodedEntry[];

function isRow(judged: PackedRow | readonly CodedEntry[]): judged is PackedRow {
  return !Array.isArray(judged);
}

function contentJudge(settings: Settings): Judge {
  const schema = batchRow(settings);
  return ({ fields }) => {
    const validated = validateRow(schema, fields);
    if (validated.kind === "invalid") return validated.entries.map(clearer);
    const { value } = validated;
    const read = contentOfRow(value);
    return read.kind === "refused" ? read.entries : { ...packed(value), content: read.content };
  };
}

function templateJudge(template: RowTemplate, settings: Settings): Judge {
  const schema = templateRow(settings);
  return ({ fields, values, strange }) => {
    const plain = readPlainRow(fields);
    const validated =
      plain === undefined
        ? validateRow(schema, fields)
        : ({ kind: "valid", value: plain } as const);
    const { texts, wrong } = textsOf(values, template.columns);
    const entries = [
      ...(validated.kind === "valid" ? [] : validated.entries.map(clearer)),
      ...strange,
      ...wrong,
      ...(wrong.length > 0 ? [] : template.check(texts)),
    ];
    return validated.kind === "valid" && entries.length === 0
      ? { ...packed(validated.value), values: texts }
      : entries;
  };
}

interface OwnFields {
  readonly to: Recipient;
  readonly client_ref?: string | undefined;
  readonly metadata?: unknown;
}

function packed({ to, client_ref: clientRef, metadata }: OwnFields): PackedRow {
  return {
    to: recipientKey(to),
    ...(clientRef === undefined ? {} : { clientRef }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** The values of a row as texts; an absent one and an empty one are wrong. */
function textsOf(
  values: readonly unknown[],
  columns: readonly string[],
): { readonly texts: readonly string[]; readonly wrong: readonly CodedEntry[] } {
  const wrong: CodedEntry[] = [];
  const texts = values.map((value, index) => {
    const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
    const field = shortened(columns[index] ?? "");
    if (typeof text === "string" && text.trim() !== "") return text;
    const empty = text === undefined || text === null || typeof text === "string";
    const message = empty
      ? `${field} is required by the template`
      : `${field} must be a text, a number or a boolean`;
    wrong.push({ code: "VALIDATION_ERROR", field, message, value: elide(field, value) });
    return "";
  });
  return { texts, wrong };
}

/** What spreadsheets make of long numbers. */
const ROUNDED = /^\s*[0-9](?:[.,][0-9]+)?E\+?[0-9]+\s*$/i;

function clearer(entry: CodedEntry): CodedEntry {
  if (entry.field !== "to" || typeof entry.value !== "string" || !ROUNDED.test(entry.value))
    return entry;
  const message =
    "to is a number that a spreadsheet has rounded: make the column a text column, and export again";
  return { ...entry, message };
}

function entryOf({ code, message, value }: Unreadable): CodedEntry {
  return { code, field: "", message, value: elide("", value) };
}

function errorOf(
  { code, field, message, value }: CodedEntry,
  { row, line }: { readonly row: number; readonly line: number },
): BatchError {
  return { row, line, kind: "invalid", field, value, code, message };
}

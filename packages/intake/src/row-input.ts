import { CONTENT_KEYS, type CodedEntry, elide, shortened } from "@pombo/contract";
import { columnName } from "@pombo/domain";
import { type ColumnPlan, listed, meant } from "./column-plan.ts";
import type { RawContent } from "./raw-row.ts";

/** A row as what it says for itself, and the values of the template's columns. */
export interface RowInput {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly values: readonly unknown[];
  /** Fields that nobody asks for, where they are refused. */
  readonly strange: readonly CodedEntry[];
}

export interface InputPlan {
  /** Of a table. */
  readonly plan: ColumnPlan | undefined;
  /** The columns that the template names; absent without one. */
  readonly named: readonly string[] | undefined;
  readonly extraColumns: boolean;
}

type Readable = Exclude<RawContent, { kind: "unreadable" }>;
type Fields = Readonly<Record<string, unknown>>;

const OWN = ["to", "client_ref", "metadata"];
const WITH_CONTENT = [...OWN, ...CONTENT_KEYS, "quoted", "mentions", "typing_ms"];

/** Reads rows as inputs; an entry for what is no row at all. */
export function inputReader(plan: InputPlan): (content: Readable) => RowInput | CodedEntry {
  const { named, extraColumns } = plan;
  const split =
    named === undefined
      ? (row: Fields) => plainInput(row, extraColumns)
      : (row: Fields) => templateInput(row, named, extraColumns);
  return (content) => {
    if (content.kind === "cells") return tableInput(content.cells, plan.plan);
    const { value } = content;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? split(value as Fields)
      : noObject(value);
  };
}

function tableInput(cells: readonly string[], plan: ColumnPlan | undefined): RowInput {
  if (plan === undefined) throw new Error("rows of a table need its header");
  return { fields: plan.fieldsOf(cells), values: plan.valuesOf(cells), strange: [] };
}

function plainInput(row: Fields, extraColumns: boolean): RowInput {
  const fields = extraColumns ? picked(row, WITH_CONTENT) : row;
  return { fields, values: [], strange: [] };
}

function templateInput(row: Fields, named: readonly string[], extraColumns: boolean): RowInput {
  const byName = namesOf(row);
  const values = named.map((name) => {
    const key = byName.get(name);
    return key === undefined ? undefined : row[key];
  });
  const strange = extraColumns
    ? []
    : [...byName]
        .filter(([name]) => !OWN.includes(name) && !named.includes(name))
        .map(([, key]) => strangeField(key, row[key], [...OWN, ...named]));
  return { fields: picked(row, OWN), values, strange: strange.slice(0, MOST_ENTRIES) };
}

const MOST_ENTRIES = 20;

/** The keys of a row by their names as they are compared. */
function namesOf(row: Fields): ReadonlyMap<string, string> {
  return new Map(Object.keys(row).map((key) => [columnName(key), key]));
}

function picked(row: Fields, keys: readonly string[]): Fields {
  const fields: Record<string, unknown> = {};
  for (const key of keys) if (Object.hasOwn(row, key)) fields[key] = row[key];
  return fields;
}

function strangeField(key: string, value: unknown, known: readonly string[]): CodedEntry {
  const field = shortened(key);
  const hint = meant(key, known) || `; the known fields are ${listed(known)}`;
  const message = `unknown field "${field}"${hint}`;
  return { code: "VALIDATION_ERROR", field, message, value: elide(key, value) };
}

function noObject(value: unknown): CodedEntry {
  const message = "the row must be a JSON object";
  return { code: "INVALID_REQUEST_FORMAT", field: "", message, value: elide("", value) };
}

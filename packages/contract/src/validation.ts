import { type ErrorCode, isErrorCode } from "@pombo/domain";
import { z } from "zod";
import { elide } from "./elide.ts";
import { nearestName } from "./nearest-name.ts";

/** One rejected field. `value` is what was sent, null when absent, shortened when long or secret. */
export interface ValidationEntry {
  readonly field: string;
  readonly message: string;
  readonly value: unknown;
}

export type Validated<Output> =
  | { readonly kind: "valid"; readonly value: Output }
  | {
      readonly kind: "invalid";
      readonly code: ErrorCode;
      readonly validation: readonly ValidationEntry[];
    };

const MOST_ENTRIES = 20;
const LONGEST_NAME = 80;

/**
 * Holds a value against a schema and says, field by field, what is wrong with it.
 * The code is VALIDATION_ERROR, or the one code that all rejected fields name themselves.
 */
export function validate<Schema extends z.ZodObject>(
  schema: Schema,
  value: unknown,
): Validated<z.output<Schema>> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return { kind: "valid", value: parsed.data };
  const { issues } = parsed.error;
  const validation = issues.flatMap((issue) => entriesOf(issue, schema)).slice(0, MOST_ENTRIES);
  return { kind: "invalid", code: commonCode(issues), validation };
}

/** A rejected field with the code that it has by itself. */
export interface CodedEntry extends ValidationEntry {
  readonly code: ErrorCode;
}

/** As `validate`, for a row among many: every field tells its own code. */
export function validateRow<Schema extends z.ZodObject>(
  schema: Schema,
  value: unknown,
):
  | { readonly kind: "valid"; readonly value: z.output<Schema> }
  | { readonly kind: "invalid"; readonly entries: readonly CodedEntry[] } {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return { kind: "valid", value: parsed.data };
  const entries = parsed.error.issues.flatMap((issue) =>
    entriesOf(issue, schema).map((entry) => ({ ...entry, code: codeOf(issue) })),
  );
  return { kind: "invalid", entries: entries.slice(0, MOST_ENTRIES) };
}

/** Marks an issue, raised inside a schema, with a code of the catalog other than VALIDATION_ERROR. */
export function issueOf(code: ErrorCode, message: string, input: unknown): z.core.$ZodRawIssue {
  return { code: "custom", message, input, params: { error_code: code } };
}

function entriesOf(issue: z.core.$ZodIssue, schema: z.ZodObject): ValidationEntry[] {
  if (issue.code === "unrecognized_keys") return unknownFields(issue, schema);
  const field = issue.path.map(String).join(".");
  return [{ field: shortened(field), message: issue.message, value: elide(field, issue.input) }];
}

function unknownFields(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  schema: z.ZodObject,
): ValidationEntry[] {
  const known = knownAt(schema, issue.path);
  const input = new Map<string, unknown>(Object.entries(issue.input ?? {}));
  return issue.keys.slice(0, MOST_ENTRIES).map((key) => {
    const field = shortened([...issue.path.map(String), key].join("."));
    return { field, message: unknownField(key, known), value: elide(key, input.get(key)) };
  });
}

/** The names that an object at this place may have. */
function knownAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const object = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (!(object instanceof z.ZodObject)) return [];
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(object.shape);
  const inner: unknown = object.shape[String(first)];
  return inner instanceof z.ZodType ? knownAt(inner, rest) : [];
}

function unknownField(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  const told = `unknown field "${shortened(key)}"`;
  if (nearest !== undefined) return `${told}; did you mean "${nearest}"?`;
  return known.length === 0 ? told : `${told}; the known fields are ${known.join(", ")}`;
}

function commonCode(issues: readonly z.core.$ZodIssue[]): ErrorCode {
  const codes = new Set(issues.map(codeOf));
  const [only] = codes;
  return codes.size === 1 && only !== undefined ? only : "VALIDATION_ERROR";
}

function codeOf(issue: z.core.$ZodIssue): ErrorCode {
  const named: unknown = issue.code === "custom" ? issue.params?.["error_code"] : undefined;
  return typeof named === "string" && isErrorCode(named) ? named : "VALIDATION_ERROR";
}

/** A name as it is told in a message, whatever its length. */
export function shortened(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME).toWellFormed()}…`;
}

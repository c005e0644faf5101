import {
  idempotencyKey,
  type Problem,
  type Route,
  type RouteInput,
  type RouteName,
  validate,
  type ValidationEntry,
} from "@pombo/contract";
import type { Request } from "express";
import { headerOf } from "./header-of.ts";
import { hasContent, type ReadBody, readBody } from "./read-body.ts";

/** What a request brings, after parsing. */
type Parts = RouteInput<RouteName> & { readonly idempotencyKey?: string };

export type ReadParts =
  | { readonly kind: "parts"; readonly parts: Parts }
  | { readonly kind: "refused"; readonly problem: Problem }
  /** The client has left before the end of its body. */
  | { readonly kind: "gone" };

/** Reads and validates everything that a row takes; all rejected fields are reported at once. */
export async function readParts(
  row: Route,
  req: Request,
  bodyLimitBytes: number,
): Promise<ReadParts> {
  const body: ReadBody =
    row.body === undefined || (row.bodyOptional === true && !hasContent(req))
      ? { kind: "body", value: {} }
      : await readBody(req, bodyLimitBytes);
  if (body.kind !== "body") return body;
  return together([
    readKey(row, headerOf(req, "idempotency-key")),
    hold("params", row.params, () => ({ ...req.params })),
    hold("query", row.query, () => queryOf(req)),
    hold("body", row.body, () => body.value),
  ]);
}

type Part =
  | { readonly kind: "valid"; readonly name: keyof Parts; readonly value: unknown }
  | {
      readonly kind: "invalid";
      readonly code: Problem["code"];
      readonly validation: readonly ValidationEntry[];
    }
  | { readonly kind: "absent" };

const ABSENT: Part = { kind: "absent" };

function hold(name: keyof Parts, schema: Route["body"], value: () => unknown): Part {
  if (schema === undefined) return ABSENT;
  const validated = validate(schema, value());
  return validated.kind === "valid" ? { kind: "valid", name, value: validated.value } : validated;
}

function readKey(row: Route, text: string | undefined): Part {
  if (row.creates !== true || text === undefined) return ABSENT;
  const parsed = idempotencyKey.safeParse(text);
  if (parsed.success) return { kind: "valid", name: "idempotencyKey", value: parsed.data };
  const message = parsed.error.issues[0]?.message ?? "Idempotency-Key is not valid";
  const value = text.slice(0, 40).toWellFormed();
  const validation = [{ field: "Idempotency-Key", message, value }];
  return { kind: "invalid", code: "VALIDATION_ERROR", validation };
}

/** All parts, or everything that is wrong with them under the code that they share. */
function together(parts: readonly Part[]): ReadParts {
  if (parts.some(({ kind }) => kind === "invalid")) return refused(parts);
  const made: Record<string, unknown> = {};
  for (const part of parts) if (part.kind === "valid") made[part.name] = part.value;
  // Each part was made by the schema of this very row.
  return { kind: "parts", parts: made as unknown as Parts };
}

function refused(parts: readonly Part[]): ReadParts {
  const invalid = parts.filter((part) => part.kind === "invalid");
  const codes = new Set(invalid.map(({ code }) => code));
  const [first] = invalid;
  const code = codes.size === 1 && first !== undefined ? first.code : "VALIDATION_ERROR";
  const validation = invalid.flatMap((part) => part.validation);
  return { kind: "refused", problem: { code, validation } };
}

/** A repeated parameter becomes a list, which no schema takes. */
function queryOf(req: Request): Record<string, unknown> {
  const question = req.url.indexOf("?");
  if (question === -1) return {};
  const search = new URLSearchParams(req.url.slice(question + 1));
  const entries = [...new Set(search.keys())].map((name) => {
    const values = search.getAll(name);
    return [name, values.length === 1 ? values[0] : values] as const;
  });
  return Object.fromEntries(entries);
}

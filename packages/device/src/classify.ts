import type { Failure } from "@pombo/domain";
import { IQ_TABLE, UNKNOWN_IQ } from "./iq-table.ts";
import { NACK_TABLE, UNKNOWN_NACK } from "./nack-table.ts";
import {
  CLOSED_IN_QUERY,
  REJECTION_BY_ERRNO,
  REJECTION_BY_STATUS,
  REJECTION_BY_TEXT,
  UNKNOWN_REJECTION,
} from "./rejection-table.ts";

/** The shape that Baileys gives most of its errors (a Boom), as far as it can be relied on. */
interface ForeignError {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly data?: unknown;
  readonly output?: { readonly statusCode?: unknown };
}

/** Classifies what a call of Baileys rejected with. Something that is not an error (a bare number) is one of its ways. */
export function classifyRejection(error: unknown): Failure {
  if (typeof error === "number") return { ...CLOSED_IN_QUERY, cause: error };
  const foreign = (typeof error === "object" && error !== null ? error : {}) as ForeignError;
  if (typeof foreign.data === "number")
    return { ...(IQ_TABLE[foreign.data] ?? UNKNOWN_IQ), cause: error };
  const row =
    lookUp(REJECTION_BY_TEXT, foreign.message) ??
    lookUp(REJECTION_BY_STATUS, foreign.output?.statusCode) ??
    lookUp(REJECTION_BY_ERRNO, foreign.code) ??
    UNKNOWN_REJECTION;
  return { ...row, cause: error };
}

/** Classifies the `error` attribute of WhatsApp's ack. */
export function classifyNack(code: string): Failure {
  const row = NACK_TABLE[Number(code)] ?? UNKNOWN_NACK;
  return { code: row.code, detail: row.detail, cause: { nack: code } };
}

function lookUp<Row>(table: Readonly<Record<string | number, Row>>, key: unknown): Row | undefined {
  if (typeof key !== "string" && typeof key !== "number") return undefined;
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

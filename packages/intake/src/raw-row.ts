import type { ErrorCode } from "@pombo/domain";

/** A row as it was uploaded. */
export interface RawRow {
  /** The physical line on which it begins, from 1. */
  readonly line: number;
  readonly content: RawContent;
  /** Its values as they are hashed: the same for the same values, however they were written. */
  readonly hashed: string;
}

export type RawContent =
  /** Of a table, in the order of its columns. */
  | { readonly kind: "cells"; readonly cells: readonly string[] }
  | { readonly kind: "value"; readonly value: unknown }
  | Unreadable;

export interface Unreadable {
  readonly kind: "unreadable";
  readonly code: ErrorCode;
  readonly message: string;
  /** What was read of it. */
  readonly value: unknown;
}

export function unreadable(line: number, why: Omit<Unreadable, "kind">): RawRow {
  return {
    line,
    content: { kind: "unreadable", ...why },
    hashed: `!${JSON.stringify([why.message, why.value])}`,
  };
}

export function tooLong(line: number, chars: number, mostChars: number): RawRow {
  const message = `the row has ${chars} characters, but may have ${mostChars} at most`;
  return {
    ...unreadable(line, { code: "PAYLOAD_TOO_LARGE", message, value: null }),
    hashed: `!${chars}`,
  };
}

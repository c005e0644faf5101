import { parseRecipient, type Recipient, type Settings } from "@pombo/domain";
import { z } from "zod";
import { contentFields } from "./content.ts";
import { exactlyOneContent, isRef, LONGEST_TO, rowFields } from "./message.ts";

/** A row of a batch that brings its own content: a body of `POST /v1/messages` without what the batch says for all. */
export function batchRow(settings: Settings) {
  return z
    .strictObject({ ...rowFields(settings), ...contentFields(settings) })
    .check(exactlyOneContent);
}

/** A row of a batch with a template, without the values of its places. */
export function templateRow(settings: Settings) {
  return z.strictObject(rowFields(settings));
}

/**
 * What {@link templateRow} makes of a row that says nothing but to whom it goes, and perhaps its `client_ref`, read without it: nearly all rows
 * are like that. Undefined: not such a row, or not a right one.
 */
export function readPlainRow(
  row: Readonly<Record<string, unknown>>,
): { readonly to: Recipient; readonly client_ref?: string } | undefined {
  const { to, client_ref: ref, ...others } = row;
  if (typeof to !== "string" || to.length > LONGEST_TO || Object.keys(others).length > 0)
    return undefined;
  const parsed = parseRecipient(to);
  if (parsed.kind !== "recipient") return undefined;
  if (ref === undefined) return { to: parsed.recipient };
  return typeof ref === "string" && isRef(ref)
    ? { to: parsed.recipient, client_ref: ref }
    : undefined;
}

/** What a template makes of a row, and a template itself but for its places. */
export function rowContent(settings: Settings) {
  return z.strictObject(contentFields(settings)).check(exactlyOneContent);
}

export type BatchRowInput = z.output<ReturnType<typeof batchRow>>;

import type { Settings } from "@pombo/domain";
import { z } from "zod";
import { contentFields } from "./content.ts";
import { exactlyOneContent, rowFields } from "./message.ts";

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

/** What a template makes of a row, and a template itself but for its places. */
export function rowContent(settings: Settings) {
  return z.strictObject(contentFields(settings)).check(exactlyOneContent);
}

export type BatchRowInput = z.output<ReturnType<typeof batchRow>>;

import { parseRecipient, recipientKey, SUPPRESSION_REASONS } from "@pombo/domain";
import { z } from "zod";
import { instant, wholeNumber } from "./message.ts";
import { codePoints, isCarriable } from "./text-rules.ts";
import { issueOf } from "./validation.ts";

/** Whom nothing is sent to. */

const MOST = 1_000;
/** A longer text is no recipient, however it goes on. */
const LONGEST = 64;
const LONGEST_NOTE = 200;
const TO_RULE = `to is required and must be a phone number or a JID, or a list of 1 to ${MOST} of them`;
const REASON_RULE = `reason must be ${SUPPRESSION_REASONS.join(" or ")}`;
const NOTE_RULE = `note must be between 1 and ${LONGEST_NOTE} characters`;
const CURSOR_RULE = "cursor must be the next_cursor of an earlier answer";

/** Read as sends read it, so that both mean the same chat. */
function read(text: string, context: z.core.$RefinementCtx, path: readonly number[] = []): string {
  const parsed = parseRecipient(text.length > LONGEST ? "" : text);
  if (parsed.kind === "recipient") return recipientKey(parsed.recipient);
  const message = text === "" ? TO_RULE : `to ${parsed.message}`;
  context.issues.push({ ...issueOf(parsed.code, message, text), path: [...path] });
  return "";
}

const recipient = z.string({ error: TO_RULE }).transform((text, context) => read(text, context));

const reason = z.enum(SUPPRESSION_REASONS, { error: REASON_RULE }).meta({
  description:
    "`manual` stops everything. `opt_out`: he asked for it; messages of priority `otp` still go to him (a setting).",
});

const note = z
  .string({ error: NOTE_RULE })
  .refine((text) => text !== "" && codePoints(text) <= LONGEST_NOTE && isCarriable(text), {
    error: NOTE_RULE,
  })
  .meta({ description: "For those who read the list.", maxLength: LONGEST_NOTE });

/** The body of `POST /v1/suppressions`; parsing makes `to` the keys under which recipients are kept. */
export const addSuppressionsBody = z
  .strictObject({
    to: z
      .union([z.string(), z.array(z.string()).min(1).max(MOST)], { error: TO_RULE })
      .transform((given, context) =>
        typeof given === "string"
          ? [read(given, context)]
          : given.map((text, index) => read(text, context, [index])),
      )
      .meta({
        description: "One recipient or a list, each written as in a message.",
        example: "+55 11 99999-9999",
      }),
    reason: reason.optional().meta({ description: "`manual` when absent." }),
    note: note.optional(),
  })
  .meta({ id: "AddSuppressions" });

/** A row of an import; parsing it is like parsing a body. Empty cells count as absent. */
export const suppressionRow = z.strictObject({
  to: recipient,
  reason: reason.optional(),
  note: note.optional(),
});

const counts = {
  added: z.int(),
  changed: z.int().meta({ description: "Opted out before, now manual." }),
  already: z.int().meta({ description: "Were on the list, and stay as they were." }),
};

export const addedSuppressions = z
  .object({ success: z.literal(true), ...counts })
  .meta({ id: "AddedSuppressions" });

export const importedSuppressions = z
  .object({
    success: z.literal(true),
    rows: z.int(),
    ...counts,
    invalid: z.int(),
    errors: z
      .array(
        z.object({
          line: z.int().meta({ description: "In the file, from 1." }),
          field: z.string(),
          message: z.string(),
          value: z.unknown(),
        }),
      )
      .meta({ description: "The first 1000 of the invalid rows; they are skipped." }),
  })
  .meta({ id: "ImportedSuppressions" });

const suppressionFields = {
  to: z.string().meta({ description: "Digits, or a JID.", example: "5511999999999" }),
  reason: z.enum(SUPPRESSION_REASONS),
  note: z.string().nullable(),
  added_at: instant,
  added_by: z.string().nullable().meta({
    description: "The id of the API key, or of the device that he wrote to.",
  }),
  erased: z.boolean().meta({
    description: "His data was erased; all that is left is a digest of the number.",
  }),
};

export const suppression = z
  .object({ success: z.literal(true), ...suppressionFields })
  .meta({ id: "Suppression" });

export const suppressionPage = z
  .object({
    success: z.literal(true),
    suppressions: z.array(z.object(suppressionFields)),
    next_cursor: z.string().nullable().meta({
      description: "A page may be shorter than asked for, even empty, and still have a next one.",
    }),
  })
  .meta({ id: "SuppressionPage" });

/** `?reason&cursor&limit` */
export const suppressionsQuery = z.strictObject({
  reason: reason.optional(),
  cursor: z
    .string({ error: CURSOR_RULE })
    .regex(/^[0-9]{1,16}$/, { error: CURSOR_RULE })
    .optional(),
  limit: wholeNumber("limit", 1_000).meta({ description: "100 when absent." }),
});

const LID = /^[0-9]{1,20}@lid$/;

/** `:number`: as in a message; or the LID under which somebody is known whose number is hidden. */
export const suppressionParams = z.strictObject({
  number: z
    .string()
    .max(64)
    .transform((text, context) => {
      if (LID.test(text)) return text;
      const parsed = parseRecipient(text);
      if (parsed.kind === "recipient") return recipientKey(parsed.recipient);
      context.issues.push(issueOf(parsed.code, `number ${parsed.message}`, text));
      return z.NEVER;
    }),
});

/** The same of a person: a group has no data of its own. */
export const personParams = z.strictObject({
  number: suppressionParams.shape.number.refine((name) => !name.endsWith("@g.us"), {
    error: "number must be that of a person",
  }),
});

export const removedSuppression = z
  .object({ success: z.literal(true), to: z.string() })
  .meta({ id: "RemovedSuppression" });

export type SuppressionBody = z.output<typeof suppression>;
export type SuppressionPageBody = z.output<typeof suppressionPage>;
export type AddedSuppressionsBody = z.output<typeof addedSuppressions>;
export type ImportedSuppressionsBody = z.output<typeof importedSuppressions>;

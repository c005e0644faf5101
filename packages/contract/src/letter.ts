import { isBatchId, isMessageId, type Settings } from "@pombo/domain";
import { z } from "zod";
import { batchId } from "./batch-id.ts";
import { mediaIdRule, textRule, urlRule } from "./content.ts";
import { errorCode } from "./error-code.ts";
import {
  acceptedMessage,
  instant,
  message,
  messageId,
  messageStatus,
  wholeNumber,
} from "./message.ts";

const SINCE_RULE = "since must be a time like 2030-01-31T12:00:00Z";
const CURSOR_RULE = "cursor must be the next_cursor of an earlier answer";
/** Letters that may be chosen one by one. */
const MOST_IDS = 500;
const CODE_RULE = "code must be a code of the catalog";
const BATCH_RULE = "batch_id must be the id of a batch";
const DEVICE_RULE = "device_id must be the id of a device";

const since = z
  .string({ error: SINCE_RULE })
  .pipe(z.iso.datetime({ offset: true, error: SINCE_RULE }))
  .transform((text) => Date.parse(text))
  .optional()
  .meta({ description: "Failed at that time or later." });
const code = errorCode.meta({ description: "The last error." });
const filterFields = {
  code: z
    .string({ error: CODE_RULE })
    .pipe(z.enum(code.options, { error: CODE_RULE }))
    .optional(),
  device_id: z.string({ error: DEVICE_RULE }).max(64, { error: DEVICE_RULE }).optional(),
  batch_id: z
    .string({ error: BATCH_RULE })
    .refine(isBatchId, { error: BATCH_RULE })
    .optional()
    .meta({ description: "Rows of that batch." }),
  effect: z
    .enum(["none", "possible"], { error: "effect must be none or possible" })
    .optional()
    .meta({ description: "`possible`: those that may have left; `none`: those that can't have." }),
  since,
};
const letterCursor = z
  .string({ error: CURSOR_RULE })
  .regex(/^[0-9]{1,16}\.3EB0[0-9A-F]{18}$/, { error: CURSOR_RULE });

/** `?code&device_id&batch_id&effect&since&cursor&limit` */
export const lettersQuery = z.strictObject({
  ...filterFields,
  cursor: letterCursor.optional(),
  limit: wholeNumber("limit", 200).meta({ description: "100 when absent." }),
});

/** `?code&device_id&batch_id&effect&since&after` */
export const letterGroupsQuery = z.strictObject({
  ...filterFields,
  after: letterCursor
    .optional()
    .meta({ description: "Only those that came after that letter: the `cursor` of an answer." }),
});

const effect = z.enum(["none", "possible"]).meta({
  description: "`possible`: the recipient may have got it all the same.",
});

const letterFields = {
  message_id: messageId,
  device_id: z.string(),
  error_code: errorCode,
  error: z.string(),
  effect,
  failed_at: instant,
  chat_jid: z.string(),
  attempts: z.int(),
  created_at: instant,
  client_ref: z.string().nullable(),
};

export const letterPage = z
  .object({
    success: z.literal(true),
    dead_letters: z.array(z.object(letterFields)),
    next_cursor: z.string().nullable().meta({
      description: "A page may be shorter than asked for, even empty, and still have a next one.",
    }),
  })
  .meta({ id: "DeadLetterPage" });

const group = {
  count: z.int(),
  possible: z.int().meta({ description: "Of these, how many may have arrived." }),
  devices: z.int().meta({ description: "How many devices they are of." }),
  batches: z.int().meta({ description: "How many batches they are rows of." }),
  oldest: instant,
  newest: instant,
};

export const letterGroups = z
  .object({
    success: z.literal(true),
    total: z.int().meta({ description: "All dead letters of the installation." }),
    scanned: z.int(),
    partial: z.boolean().meta({ description: "Only the newest `scanned` letters were looked at." }),
    cursor: z.string().nullable().meta({
      description:
        "The newest letter that was looked at: `until` of a bulk action keeps it to what was counted here.",
    }),
    by_cause: z
      .array(z.object({ error_code: errorCode, effect, ...group }))
      .meta({ description: "By code, and whether they may have arrived." }),
    by_code: z.array(z.object({ error_code: errorCode, ...group })),
    by_device: z.array(z.object({ device_id: z.string(), ...group })),
    by_batch: z.array(z.object({ batch_id: batchId, ...group })),
  })
  .meta({ id: "DeadLetterGroups" });

/** One letter: the message, its content, and what was tried. */
export const letter = z
  .object({
    ...message.shape,
    effect,
    failed_at: instant,
    text: z.string(),
    history: z.array(
      z.object({
        attempt: z.int(),
        began_at: instant.nullable(),
        ended_at: instant.nullable(),
        status: messageStatus,
        error_code: errorCode.nullable(),
      }),
    ),
  })
  .meta({ id: "DeadLetter" });

const duplicateRule = "accept_duplicate must be true or false";

/** The body of `POST /v1/dead-letters/:id/redrive`. */
export function redriveBody(settings: Settings) {
  return z
    .strictObject({
      text: textRule(settings).optional(),
      url: urlRule("url").meta({ description: "Where its file is fetched from instead." }),
      media_id: mediaIdRule("media_id").meta({ description: "Which file it carries instead." }),
      accept_duplicate: z.boolean({ error: duplicateRule }).optional().meta({
        description:
          "When it may have left already: send it all the same, as a new message with a new id.",
      }),
    })
    .refine(({ url, media_id: id }) => url === undefined || id === undefined, {
      path: ["media_id"],
      error: "only one of url and media_id may be given",
    })
    .meta({ id: "Redrive" });
}

export const redriven = z
  .object({
    ...acceptedMessage.shape,
    replaces: messageId
      .nullable()
      .meta({ description: "The letter, when a new message stands for it." }),
  })
  .meta({ id: "Redriven" });

export const discarded = z
  .object({ success: z.literal(true), message_id: messageId })
  .meta({ id: "DiscardedLetter" });

const filterRule = (issue: { code?: string }): string | undefined =>
  issue.code === "invalid_type" ? "filter must be an object" : undefined;

const IDS_RULE = `filter.ids must be a list of 1 to ${MOST_IDS} message ids`;
const chosenIds = z
  .array(z.string({ error: IDS_RULE }).refine(isMessageId, { error: IDS_RULE }), {
    error: IDS_RULE,
  })
  .min(1, { error: IDS_RULE })
  .max(MOST_IDS, { error: IDS_RULE })
  .optional()
  .meta({ description: "Those that were chosen one by one." });

/** The body of a bulk action. */
export const bulkBody = z
  .strictObject({
    filter: z.strictObject({ ...filterFields, ids: chosenIds }, { error: filterRule }).optional(),
    all: z
      .literal(true, { error: "all must be true when it is given" })
      .optional()
      .meta({ description: "Confirms that there is no filter." }),
    until: letterCursor.optional().meta({
      description:
        "The newest letter that it is about: the `cursor` of the groups. Absent: all that there are now.",
    }),
    accept_duplicate: z.boolean({ error: duplicateRule }).optional().meta({
      description:
        "Of a redrive: what may have left goes as new messages with new ids, which people may get twice. Else it goes under the same ids.",
    }),
  })
  .refine(({ filter = {}, all }) => all === true || Object.keys(filter).length > 0, {
    path: ["all"],
    error: 'all must be true when the filter is empty: send "all": true to mean every dead letter',
  })
  .meta({ id: "BulkAction" });

export const operationStarted = z
  .object({ success: z.literal(true), operation_id: z.string() })
  .meta({ id: "OperationStarted" });

export const operation = z
  .object({
    success: z.literal(true),
    operation_id: z.string().meta({ example: "op_0123456789abcdef" }),
    kind: z.enum(["redrive", "discard", "erase"]),
    state: z.enum(["running", "done", "failed"]),
    filter: z.object({
      code: errorCode.nullable(),
      device_id: z.string().nullable(),
      batch_id: batchId.nullable(),
      effect: effect.nullable(),
      since: instant.nullable(),
    }),
    total: z.int().meta({
      description:
        "Letters to look at. Of an erasure: records, estimated; it grows while what was written meanwhile is looked through.",
    }),
    done: z.int(),
    failed: z.int().meta({
      description: "Refused; `refused` says why. Of an erasure: what could not be erased yet.",
    }),
    skipped: z
      .int()
      .meta({ description: "Not what the filter asks for; of an erasure: about others." }),
    refused: z.record(z.string(), z.int()),
    created_at: instant,
    finished_at: instant.nullable(),
  })
  .meta({ id: "Operation" });

/** `GET /v1/operations` */
export const operationList = z
  .object({
    success: z.literal(true),
    operations: z.array(operation).meta({ description: "The oldest first." }),
  })
  .meta({ id: "OperationList" });

export const byId = z.strictObject({ id: z.string() });

export type LetterBody = z.output<typeof letter>;
export type LetterPageBody = z.output<typeof letterPage>;
export type LetterGroupsBody = z.output<typeof letterGroups>;
export type OperationBody = z.output<typeof operation>;
export type RedrivenBody = z.output<typeof redriven>;

import { BATCH_STATES, BLOCKERS, DEVICE_STATES, MESSAGE_STATUSES, PRIORITIES } from "@pombo/domain";
import { z } from "zod";
import { batchId } from "./batch-id.ts";
import { errorCode } from "./error-code.ts";
import { instant, messageId, messageStatus, wholeNumber } from "./message.ts";
import { quietHours, scheduleFields } from "./schedule.ts";
import { codePoints, isCarriable } from "./text-rules.ts";

const FROM_RULE = "from must be the id of a device or of a pool";
const TEMPLATE_RULE =
  "template must be a text with {{column}} where a row's values go, or an object with one content";
const LONGEST_TEMPLATE = 16_384;

const DEDUPES = ["none", "recipient", "client_ref"] as const;

function oneOf<const Names extends readonly [string, ...string[]]>(name: string, names: Names) {
  return z.enum(names, { error: `${name} must be one of ${names.join(", ")}` }).optional();
}

const from = z
  .string({ error: FROM_RULE })
  .min(1, { error: FROM_RULE })
  .max(64, { error: FROM_RULE })
  .refine(isCarriable, { error: FROM_RULE });

const NAME_RULE = "name must be between 1 and 100 characters";
const name = z
  .string({ error: NAME_RULE })
  .refine((text) => text.trim() !== "" && codePoints(text) <= 100 && isCarriable(text), {
    error: NAME_RULE,
  })
  .meta({ minLength: 1, maxLength: 100, example: "Spring offer" });

const templateText = z
  .string({ error: TEMPLATE_RULE })
  .min(1, { error: TEMPLATE_RULE })
  .max(LONGEST_TEMPLATE, { error: `template must have at most ${LONGEST_TEMPLATE} characters` })
  .refine(isCarriable, { error: "template must be well-formed Unicode without NUL characters" });

/** Settings that read the same in a query and in JSON. */
const plainSettings = {
  from: from.optional().meta({ description: "The sending device or pool." }),
  name: name.optional().meta({ description: "For people: what it is." }),
  priority: oneOf("priority", PRIORITIES).meta({ description: "`bulk` when absent." }),
  send_at: scheduleFields.send_at,
  expires_at: scheduleFields.expires_at,
  dedupe: oneOf("dedupe", DEDUPES).meta({
    description:
      "Which later rows are duplicates: of the same recipient in this batch, or of the same client_ref; `client_ref` when absent.",
  }),
  on_invalid: oneOf("on_invalid", ["skip", "reject"]).meta({
    description:
      "`skip`: bad rows are reported and left out. `reject`: with one bad row nothing is sent. `skip` when absent.",
  }),
  extra_columns: oneOf("extra_columns", ["refuse", "ignore"]).meta({
    description:
      "What becomes of columns and fields that neither a row nor the template has; `refuse` when absent.",
  }),
  start: oneOf("start", ["complete", "streaming"]).meta({
    description:
      "`complete`: nothing is sent before the upload ended well. `streaming`: rows go while others still come. `complete` when absent.",
  }),
};

const QUIET_RULE = "quiet_hours must look like 22:00-08:00 or 22:00-08:00@America/Sao_Paulo";

/** Quiet hours in one line. */
const quietLine = z
  .string({ error: QUIET_RULE })
  .transform((text, context) => {
    const [, opens, closes, timezone] = /^([0-9:]+)-([0-9:]+)(?:@(.+))?$/.exec(text) ?? [];
    const parsed = quietHours.safeParse({
      from: opens,
      to: closes,
      ...(timezone === undefined ? {} : { timezone }),
    });
    if (parsed.success) return parsed.data;
    context.issues.push({ code: "custom", message: QUIET_RULE, input: text });
    return z.NEVER;
  })
  .meta({ example: "22:00-08:00" });

/** Batch settings as JSON: in the first line of NDJSON as `{"batch":{…}}`, or beside `rows`. */
export const batchSettings = z
  .strictObject({
    ...plainSettings,
    template: z
      .union([templateText, z.record(z.string(), z.unknown())], { error: TEMPLATE_RULE })
      .optional()
      .meta({
        description:
          "A text, or an object with one content as of `POST /v1/messages`; `{{column}}` stands for a row's value.",
        example: "Hello {{name}}, your order {{order}} is on its way.",
      }),
    quiet_hours: z.union([quietHours, quietLine]).optional(),
  })
  .meta({ id: "BatchSettings" });

/** Batch settings in the query of an upload; with the upload's own they make the batch's. */
export const batchQuery = z.strictObject({
  ...plainSettings,
  template: templateText.optional().meta({
    description: "A text, or the JSON of an object with one content.",
    example: "Hello {{name}}",
  }),
  quiet_hours: quietLine.optional(),
});

/** A batch as one JSON body, for as many rows as fit. */
export const batchBody = z
  .strictObject({
    ...batchSettings.shape,
    rows: z
      .array(z.record(z.string(), z.unknown()))
      .meta({ description: "At most 10,000. Each has `to`, and what the template asks for." }),
  })
  .meta({ id: "NewBatch" });

const batchStatus = z.enum(BATCH_STATES).meta({ id: "BatchStatus" });

export const acceptedBatch = z
  .object({
    success: z.literal(true),
    batch_id: batchId,
    accepted: z.int().meta({ description: "Rows that will be sent, or their failure reported." }),
    invalid: z.int(),
    duplicate: z.int(),
    suppressed: z.int(),
    status: batchStatus,
  })
  .meta({ id: "AcceptedBatch" });

const count = z.int().min(0);

const counts = z
  .object({
    accepted: count.meta({ description: "The sum of the statuses, at every moment." }),
    invalid: count,
    duplicate: count,
    suppressed: count,
    scheduled: count,
    queued: count,
    sending: count,
    sent: count,
    delivered: count,
    read: count,
    played: count,
    failed: count,
    expired: count,
    canceled: count,
    unknown: count,
  })
  .meta({ id: "BatchCounts" });

const batchFields = {
  batch_id: batchId,
  name: z.string().nullable(),
  status: batchStatus,
  reason: z
    .enum(["rows_refused", "device_deleted", "identity_changed", "upload_not_ended"])
    .nullable()
    .meta({ description: "Why it ended, where its status does not tell." }),
  from: z.string(),
  priority: z.enum(PRIORITIES),
  counts,
  created_at: instant,
  ready_at: instant.nullable().meta({ description: "When its upload had ended well." }),
  ended_at: instant.nullable(),
};

/** The whole batch. */
export const batch = z
  .object({
    success: z.literal(true),
    ...batchFields,
    rows: z.int().meta({ description: "Rows of the upload so far, good or bad." }),
    rate: z.number().nullable().meta({
      description: "Messages a second that left lately; null when none did.",
    }),
    eta: instant.nullable().meta({
      description:
        "When its last message will have left: if it goes on as lately, else as foretold; null while nothing can leave.",
    }),
    forecast: z.object({ finishes_at: instant.nullable(), at: instant }).nullable().meta({
      description:
        "What pace, caps and quiet hours of its devices foretell at this moment; null while it is paused or being uploaded, and when it has ended.",
    }),
    failures: z
      .array(z.object({ error_code: errorCode, count: z.int() }))
      .meta({ description: "Of failed messages, the most frequent first." }),
    template: z.string().nullable(),
    send_at: instant.nullable(),
    expires_at: instant.nullable(),
    quiet_hours: quietHours.nullable(),
    dedupe: z.enum(DEDUPES),
    on_invalid: z.enum(["skip", "reject"]),
    start: z.enum(["complete", "streaming"]),
  })
  .meta({ id: "Batch" });

/** The devices that a batch is sent from. */
export const batchLanes = z
  .object({
    success: z.literal(true),
    lanes: z.array(
      z.object({
        device_id: z.string(),
        name: z.string(),
        state: z.enum(DEVICE_STATES),
        waiting: count.meta({
          description:
            "All that waits on the device, drawn rows of this batch among it; rows of its own batches that were not drawn, too.",
        }),
        held: count.meta({ description: "Cold messages set aside while the account is held." }),
        blocked_by: z
          .enum(BLOCKERS)
          .nullable()
          .meta({ description: "What stops all that waits on it." }),
        blocked_since: instant.nullable(),
        until: instant.nullable().meta({ description: "When it ends by itself, if known." }),
      }),
    ),
  })
  .meta({ id: "BatchLanes" });

export const batchPage = z
  .object({
    success: z.literal(true),
    batches: z.array(z.object(batchFields)).meta({ description: "Newest first." }),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: "BatchPage" });

export const batchParams = z.strictObject({ id: z.string() });

const CURSOR_RULE = "cursor must be the next_cursor of an earlier answer";
const STATUS_RULE = `status must be one of ${MESSAGE_STATUSES.join(", ")}`;
const STATE_RULE = `status must be one of ${BATCH_STATES.join(", ")}`;

const numberCursor = z
  .string({ error: CURSOR_RULE })
  .regex(/^[0-9]{1,12}$/, { error: CURSOR_RULE })
  .transform(Number)
  .optional();

/** `?status&from&cursor&limit` */
export const batchesQuery = z.strictObject({
  status: z.enum(BATCH_STATES, { error: STATE_RULE }).optional(),
  from: from.optional(),
  cursor: z
    .string({ error: CURSOR_RULE })
    .regex(/^[0-9]{1,16}\.bat_[0-9A-F]{11}$/, { error: CURSOR_RULE })
    .optional(),
  limit: wholeNumber("limit", 200).meta({ description: "50 when absent." }),
});

/** `?status&cursor&limit` */
export const batchRowsQuery = z.strictObject({
  status: z.enum(MESSAGE_STATUSES, { error: STATUS_RULE }).optional(),
  cursor: numberCursor,
  limit: wholeNumber("limit", 500).meta({ description: "100 when absent." }),
});

export const batchErrorsQuery = z.strictObject({
  cursor: numberCursor,
  limit: wholeNumber("limit", 1_000).meta({ description: "100 when absent." }),
});

export const batchRowPage = z
  .object({
    success: z.literal(true),
    messages: z
      .array(
        z.object({
          row: z.int().meta({ description: "Counts all rows of the upload from 1." }),
          message_id: messageId,
          status: messageStatus,
          device_id: z.string().nullable(),
          chat_jid: z.string(),
          client_ref: z.string().nullable(),
          error_code: errorCode.nullable(),
        }),
      )
      .meta({ description: "Accepted rows, in their order." }),
    next_cursor: z.string().nullable().meta({
      description: "A page may be shorter than asked for, even empty, and still have a next one.",
    }),
  })
  .meta({ id: "BatchMessagePage" });

export const batchErrorPage = z
  .object({
    success: z.literal(true),
    errors: z
      .array(
        z.object({
          row: z.int(),
          line: z.int().meta({ description: "Where the row begins in what was uploaded." }),
          kind: z.enum(["invalid", "duplicate", "suppressed"]),
          field: z.string(),
          value: z.unknown().meta({ description: "What was sent; null when absent." }),
          error_code: errorCode,
          message: z.string(),
          message_id: messageId.nullable().meta({
            description: "Of a duplicate: the message that went in its place.",
          }),
        }),
      )
      .meta({ description: "A row with several wrong fields has an entry for each." }),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: "BatchErrorPage" });

export type BatchSettingsInput = z.output<typeof batchSettings>;
export type BatchQueryInput = z.output<typeof batchQuery>;
export type AcceptedBatchBody = z.output<typeof acceptedBatch>;
export type BatchBody = z.output<typeof batch>;
export type BatchLanesBody = z.output<typeof batchLanes>;
export type BatchPageBody = z.output<typeof batchPage>;
export type BatchRowPageBody = z.output<typeof batchRowPage>;
export type BatchErrorPageBody = z.output<typeof batchErrorPage>;

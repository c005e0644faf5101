import {
  BLOCKERS,
  CONTENT_KINDS,
  MESSAGE_STATUSES,
  parseRecipient,
  PRIORITIES,
  type Settings,
} from "@pombo/domain";
import { z } from "zod";
import { contentFields, oneContent, textRule } from "./content.ts";
import { errorCode } from "./error-code.ts";
import { quietHours, scheduleFields } from "./schedule.ts";
import { codePoints, isCarriable, utf8Length } from "./text-rules.ts";
import { issueOf } from "./validation.ts";

const FROM_RULE = "from is required and must be the id of a device or a pool";
const TO_RULE = "to is required and must be a phone number or a JID";
/** Characters of a `to`, as it is written. */
export const LONGEST_TO = 64;
const LONGEST_REF = 255;
const REF_RULE = `client_ref must be between 1 and ${LONGEST_REF} characters`;

export const messageStatus = z.enum(MESSAGE_STATUSES).meta({ id: "MessageStatus" });
export const instant = z.iso.datetime().meta({ description: "RFC 3339, UTC" });
export const messageId = z.string().meta({
  id: "MessageId",
  description: "Also the WhatsApp message id, for life.",
  example: "3EB0A1B2C3D4E5F6A7B8C9",
});

/** The body of `POST /v1/messages`. Parsing turns `to` into the recipient that it names. */
export function sendMessageBody(settings: Settings) {
  const { to, client_ref, metadata } = rowFields(settings);
  return z
    .strictObject({
      from: z
        .string({ error: FROM_RULE })
        .min(1, { error: FROM_RULE })
        .max(64, { error: FROM_RULE })
        .refine(isCarriable, { error: FROM_RULE })
        .meta({
          description: "The sending device, or the pool that chooses one.",
          example: "dev_0123456789abcdef",
        }),
      to,
      ...contentFields(settings),
      priority: z
        .enum(PRIORITIES, { error: `priority must be one of ${PRIORITIES.join(", ")}` })
        .optional()
        .meta({ description: "`normal` when absent." }),
      client_ref,
      metadata,
      ...scheduleFields,
    })
    .check(exactlyOneContent)
    .meta({ id: "SendMessage" });
}

/** What each row of a batch says for itself as well. */
export function rowFields(settings: Settings) {
  return {
    to: recipient,
    client_ref: z
      .string({ error: REF_RULE })
      .refine(isRef, { error: REF_RULE })
      .optional()
      .meta({ description: "Your own name for the message; echoed back." }),
    metadata: metadataOf(settings.metadata_limit_bytes),
  };
}

/** Holds also when other fields are wrong: a content that was refused was given all the same. */
export const exactlyOneContent = z.core._check<Record<string, unknown>>(
  ({ value, issues }) => {
    const refused = issues.flatMap(({ path = [] }) => path.slice(0, 1).map(String));
    const wrong = oneContent([...Object.keys(value), ...refused]);
    if (wrong === undefined) return;
    const { field, message: told } = wrong;
    issues.push({ code: "custom", message: told, path: [field], input: value[field] });
  },
  { when: ({ value }: { value: unknown }) => typeof value === "object" && value !== null },
);

const recipient = z
  .string({ error: TO_RULE })
  .max(LONGEST_TO, { error: TO_RULE })
  .transform((text, context) => {
    const parsed = parseRecipient(text);
    if (parsed.kind === "recipient") return parsed.recipient;
    context.issues.push(issueOf(parsed.code, text === "" ? TO_RULE : `to ${parsed.message}`, text));
    return z.NEVER;
  })
  .meta({
    description:
      "A phone number in international form (spaces, dashes, parentheses and a leading + are ignored), a user JID or a group JID.",
    example: "+55 11 99999-9999",
  });

function metadataOf(limit: number) {
  const rule = `metadata must be a JSON object of at most ${limit} bytes`;
  return z
    .record(z.string(), z.unknown(), { error: rule })
    .refine((value) => utf8Length(JSON.stringify(value)) <= limit, { error: rule })
    .optional()
    .meta({ description: `Echoed back; at most ${limit} bytes.`, example: { order: 1234 } });
}

export function isRef(text: string): boolean {
  const length = codePoints(text);
  return length >= 1 && length <= LONGEST_REF && isCarriable(text);
}

export const acceptedMessage = z
  .object({
    success: z.literal(true),
    message_id: messageId,
    status: messageStatus,
    device_id: z
      .string()
      .nullable()
      .meta({ description: "Null for a message of a pool that no lane has taken yet." }),
    chat_jid: z.string(),
    created_at: instant,
    target_id: z.string().optional().meta({
      description: "The message that this one edits, deletes or reacts to.",
    }),
  })
  .meta({ id: "AcceptedMessage" });

/** The whole message, as `GET /v1/messages/:id` shows it. */
export const message = z
  .object({
    ...acceptedMessage.shape,
    kind: z.enum(CONTENT_KINDS),
    pool_id: z.string().nullable().meta({ description: "The pool that it is sent from." }),
    status_version: z.int().meta({ description: "Grows with every change." }),
    timeline: z.array(
      z.object({
        status: messageStatus,
        at: instant,
        attempt: z.int().optional(),
        error_code: errorCode.optional(),
        late: z.literal(true).optional().meta({
          description: "What WhatsApp said after the status had moved on: it changed nothing.",
        }),
        waited_for: z.enum(BLOCKERS).optional().meta({
          description: "What it waited for until then. Absent of an attempt: its turn.",
        }),
      }),
    ),
    receipts: z.object({ delivered: z.int(), read: z.int() }).nullable().meta({
      description:
        "In a group: how many members got it, and how many read it. Its status follows the first.",
    }),
    attempts: z.int(),
    next_attempt_at: instant.nullable(),
    blocked_by: z.enum(BLOCKERS).nullable(),
    blocked_since: instant.nullable(),
    eta: instant.nullable(),
    last_error: z.object({ error_code: errorCode, error: z.string(), at: instant }).nullable(),
    send_at: instant.nullable(),
    expires_at: instant.nullable(),
    quiet_hours: quietHours.nullable(),
    client_ref: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: "Message" });

const change = z.object({
  how: z.enum(["in_place", "send"]).nullable().meta({
    description:
      "`in_place`: it has not left and is changed where it waits; `send`: another message carries the change; null: not possible.",
  }),
  until: instant.nullable().meta({ description: "When WhatsApp stops allowing it." }),
  error_code: errorCode.nullable(),
  error: z.string().nullable().meta({ description: "Why it is not possible." }),
});

/** One message with what it says, what stands before it, and what may still be done about it: `GET /v1/messages/:id`. */
export const messageDetail = z
  .object({
    ...message.shape,
    text: z.string().meta({ description: "Its words: the text, the caption, the question." }),
    batch_id: z.string().nullable(),
    priority: z.enum(PRIORITIES),
    may_have_left: z.boolean().meta({ description: "An attempt may have reached WhatsApp." }),
    waits_for: messageId.nullable().meta({
      description: "The message that stands before it (`blocked_by: order`).",
    }),
    changes: z
      .object({ cancel: change, edit: change, delete: change })
      .meta({ description: "What may be done about it now." }),
  })
  .meta({ id: "MessageDetail" });

/** A message after `PATCH` or `DELETE`. */
export const changedMessage = z
  .object({
    ...message.shape,
    applied: z.literal("in_place").optional().meta({
      description:
        "It had not left: it was changed or canceled itself, and no other message goes out.",
    }),
  })
  .meta({ id: "ChangedMessage" });

/** The body of `PATCH /v1/messages/:id`. */
export function editBody(settings: Settings) {
  return z.strictObject({ text: textRule(settings) }).meta({ id: "EditMessage" });
}

export const messageParams = z.strictObject({ id: z.string() });

const SINCE_RULE = "since must be a time like 2030-01-31T12:00:00Z";
const UNTIL_RULE = "until must be a time like 2030-01-31T12:00:00Z";
const CURSOR_RULE = "cursor must be the next_cursor of an earlier answer";
const STATUS_RULE = `status must be one of ${MESSAGE_STATUSES.join(", ")}`;

/** `?device_id&batch_id&status&client_ref&to&since&until&cursor&limit` */
export const messagesQuery = z.strictObject({
  device_id: z.string().max(64).optional(),
  batch_id: z
    .string()
    .max(64)
    .optional()
    .meta({ description: "Rows of that batch, in the order of the upload." }),
  status: z.enum(MESSAGE_STATUSES, { error: STATUS_RULE }).optional(),
  client_ref: z.string().max(1_024).optional(),
  to: recipient.optional(),
  since: z
    .string({ error: SINCE_RULE })
    .pipe(z.iso.datetime({ offset: true, error: SINCE_RULE }))
    .transform((text) => Date.parse(text))
    .optional()
    .meta({ description: "Accepted at that time or later." }),
  until: z
    .string({ error: UNTIL_RULE })
    .pipe(z.iso.datetime({ offset: true, error: UNTIL_RULE }))
    .transform((text) => Date.parse(text))
    .optional()
    .meta({
      description: "The list begins with what was accepted at that time; a cursor goes before it.",
    }),
  cursor: z
    .string({ error: CURSOR_RULE })
    .regex(/^[0-9]{1,15}$/, { error: CURSOR_RULE })
    .transform(Number)
    .optional(),
  limit: wholeNumber("limit", 200).meta({ description: "100 when absent." }),
});

/** Why it doesn't move. */
const waitFields = {
  blocked_by: z.enum(BLOCKERS).nullable(),
  blocked_since: instant.nullable(),
  eta: instant.nullable(),
};

export const messagePage = z
  .object({
    success: z.literal(true),
    messages: z
      .array(
        z.object({
          ...acceptedMessage.shape,
          kind: z.enum(CONTENT_KINDS),
          status_version: z.int(),
          attempts: z.int(),
          error_code: errorCode.nullable(),
          client_ref: z.string().nullable(),
          batch_id: z.string().nullable(),
          ...waitFields,
        }),
      )
      .meta({ description: "Newest first." }),
    reached_at: instant.nullable().meta({
      description: "When the last message that was looked at was accepted; null in a batch.",
    }),
    next_cursor: z.string().nullable().meta({
      description: "A page may be shorter than asked for, even empty, and still have a next one.",
    }),
  })
  .meta({ id: "MessagePage" });

const MOST_EXPLAINED = 200;
const IDS_RULE = "ids must be a list of 1 to 1000 message ids";

/** The body of `POST /v1/messages/status`. */
export const statusPoll = z
  .strictObject({
    ids: z
      .array(z.string({ error: IDS_RULE }).max(64, { error: IDS_RULE }), { error: IDS_RULE })
      .min(1, { error: IDS_RULE })
      .max(1_000, { error: IDS_RULE }),
    explain: z
      .boolean({ error: "explain must be true or false" })
      .optional()
      .meta({ description: "Also why each of them waits; at most 200 ids." }),
  })
  .refine(({ ids, explain }) => explain !== true || ids.length <= MOST_EXPLAINED, {
    path: ["ids"],
    error: `ids must be at most ${MOST_EXPLAINED} when explain is true`,
  })
  .meta({ id: "StatusPoll" });

export const statusList = z
  .object({
    success: z.literal(true),
    messages: z
      .array(
        z
          .object({
            message_id: messageId,
            status: messageStatus,
            status_version: z.int(),
            error_code: errorCode.nullable(),
            blocked_by: waitFields.blocked_by.optional(),
            blocked_since: waitFields.blocked_since.optional(),
            eta: waitFields.eta.optional(),
          })
          .nullable(),
      )
      .meta({ description: "In the order of the ids; null for a message that is not there." }),
  })
  .meta({ id: "StatusList" });

/** `?wait=30&after_version=N` */
export function messageQuery(settings: Settings) {
  return z.strictObject({
    wait: wholeNumber("wait", settings.prefer_wait_limit_s).meta({
      description: "Seconds to wait for a change.",
    }),
    after_version: wholeNumber("after_version", Number.MAX_SAFE_INTEGER).meta({
      description: "Answer as soon as `status_version` is higher.",
    }),
  });
}

/** A whole number in a query, from 0 to `max`. */
export function wholeNumber(name: string, max: number) {
  const rule =
    max === Number.MAX_SAFE_INTEGER
      ? `${name} must be a whole number of at least 0`
      : `${name} must be a whole number between 0 and ${max}`;
  return z
    .string({ error: rule })
    .regex(/^[0-9]{1,16}$/, { error: rule })
    .transform(Number)
    .refine((number) => number <= max, { error: rule })
    .optional();
}

export type AcceptedMessageBody = z.output<typeof acceptedMessage>;
export type ChangedMessageBody = z.output<typeof changedMessage>;
export type MessagePageBody = z.output<typeof messagePage>;
export type MessageDetailBody = z.output<typeof messageDetail>;
export type StatusListBody = z.output<typeof statusList>;
export type MessageBody = z.output<typeof message>;
export type SendMessageInput = z.output<ReturnType<typeof sendMessageBody>>;

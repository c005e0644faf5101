import type { Settings } from "@pombo/domain";
import { z } from "zod";
import { dialectRecipient } from "./dialect-recipient.ts";
import { messageId } from "./message.ts";
import { codePoints, isCarriable } from "./text-rules.ts";

/** What the document of the dialect calls a message's state. */
export const SESSION_STATUSES = ["queued", "sent", "delivered", "read", "failed"] as const;

const status = z.enum(SESSION_STATUSES);

/** The body of `POST /api/v1/messages/text`. Fields that are not known are ignored. */
export function sessionTextBody(settings: Settings) {
  return z
    .object({
      to: dialectRecipient({
        missing: required("to"),
        wrong: (why) => `The to field ${why}.`,
      }),
      message: textField("message", settings.text_limit_chars),
    })
    .meta({ id: "SessionText" });
}

/** A text that must be there; one sentence a field, as the document shows it. */
function textField(name: string, limit: number) {
  return z
    .string({
      error: ({ input }) =>
        (typeof input === "object" && input !== null) ||
        typeof input === "number" ||
        typeof input === "boolean"
          ? `The ${name} field must be a string.`
          : required(name),
    })
    .superRefine((text, context) => {
      const message =
        text.trim() === ""
          ? required(name)
          : codePoints(text) > limit
            ? `The ${name} field must not be greater than ${limit} characters.`
            : isCarriable(text)
              ? undefined
              : `The ${name} field must be well-formed Unicode without NUL characters.`;
      if (message !== undefined) context.addIssue({ code: "custom", message, input: text });
    })
    .meta({ minLength: 1, maxLength: limit });
}

function required(name: string): string {
  return `The ${name} field is required.`;
}

const instant = z.iso.datetime({ offset: true });

export const sessionSent = z
  .object({
    data: z.object({
      message_id: messageId,
      status,
      to: z.string(),
      created_at: instant,
    }),
  })
  .meta({ id: "SessionSent" });

/** Kinds by the words of the document. */
const SESSION_TYPES = ["chat", "image", "video", "audio", "document"] as const;

const PAGE_LIMIT = 100;

function pageField(name: string) {
  const rule = `The ${name} field must be a whole number between 1 and ${PAGE_LIMIT}.`;
  return z
    .string({ error: rule })
    .regex(/^[0-9]{1,9}$/, { error: rule })
    .transform(Number)
    .refine((page) => page >= 1 && page <= PAGE_LIMIT, { error: rule })
    .optional();
}

const type = z
  .enum(SESSION_TYPES, { error: `The type field must be one of ${SESSION_TYPES.join(", ")}.` })
  .optional();

const chat = dialectRecipient({
  missing: "The chat_id field must not be empty.",
  wrong: (why) => `The chat_id field ${why}.`,
}).optional();

const FROM_ME_RULE = "The from_me field must be true or false.";

/** `GET /api/v1/messages`: parameters that are not known are ignored. */
export const sessionMessagesQuery = z.object({
  chat_id: chat,
  from_me: z
    .enum(["true", "false", "1", "0"], { error: FROM_ME_RULE })
    .transform((text) => text === "true" || text === "1")
    .optional(),
  type,
  page: pageField("page"),
});

/** `GET /api/v1/messages/received` */
export const sessionReceivedQuery = z.object({ chat_id: chat, type, page: pageField("page") });

const historyMessage = z
  .object({
    id: z.string().meta({ description: "The id that the send returned." }),
    whatsapp_message_id: z.string(),
    direction: z.enum(["outbound", "inbound"]),
    recipient: z.string().nullable().meta({ description: "Of what was sent." }),
    sender: z.string().nullable().meta({ description: "Of what was received." }),
    message_type: z.string(),
    content: z.string(),
    status: z.enum([...SESSION_STATUSES, "received"]),
    error_message: z.string().nullable(),
    created_at: instant,
  })
  .meta({ id: "SessionMessage" });

export const sessionMessage = z
  .object({ data: historyMessage })
  .meta({ id: "SessionMessageAnswer" });

export const sessionPage = z
  .object({
    data: z.array(historyMessage),
    links: z.object({
      first: z.string(),
      last: z.string().nullable(),
      prev: z.string().nullable(),
      next: z.string().nullable(),
    }),
    meta: z.object({
      current_page: z.int(),
      from: z.int().nullable(),
      path: z.string(),
      per_page: z.int(),
      to: z.int().nullable(),
    }),
  })
  .meta({ id: "SessionPage" });

export type SessionMessageBody = z.output<typeof historyMessage>;

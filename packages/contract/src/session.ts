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

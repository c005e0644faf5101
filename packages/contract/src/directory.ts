import { parseRecipient } from "@pombo/domain";
import { z } from "zod";
import { instant } from "./message.ts";
import { issueOf } from "./validation.ts";

/** What a device knows of groups and contacts. */

const DEVICE_RULE = "device_id is required and must be the id of a device";
const deviceId = z
  .string({ error: DEVICE_RULE })
  .min(1, { error: DEVICE_RULE })
  .max(64, { error: DEVICE_RULE });

export const groupParams = z.strictObject({
  jid: z
    .string()
    .max(64)
    .transform((text, context) => {
      const parsed = parseRecipient(text);
      if (parsed.kind === "recipient" && parsed.recipient.kind === "group")
        return parsed.recipient.jid;
      const rule = "jid must be a group JID like 120363039000000000@g.us";
      context.issues.push(issueOf("INVALID_CHAT_JID", rule, text));
      return z.NEVER;
    }),
});

/** `?device_id=` */
export const groupQuery = z.strictObject({ device_id: deviceId });

const member = z.object({
  jid: z.string().meta({ description: "As the group addresses people: a LID, or a number." }),
  phone_number: z.string().nullable().meta({ description: "Null where WhatsApp hides it." }),
  role: z.enum(["member", "admin", "owner"]),
});

const groupFields = {
  jid: z.string(),
  subject: z.string(),
  description: z.string().nullable(),
  owner: z.string().nullable(),
  created_at: instant.nullable(),
  size: z.int(),
  announce: z.boolean().meta({ description: "Only admins may write." }),
};

export const group = z
  .object({ success: z.literal(true), ...groupFields, participants: z.array(member) })
  .meta({ id: "Group" });

export const groupList = z
  .object({ success: z.literal(true), groups: z.array(z.object(groupFields)) })
  .meta({ id: "GroupList" });

const NUMBERS_RULE = "numbers must be a list of 1 to 1000 phone numbers";

/** The body of `POST /v1/contacts/check`; parsing reduces the numbers to their digits. */
export const checkBody = z
  .strictObject({
    device_id: deviceId,
    numbers: z
      .array(
        z
          .string({ error: NUMBERS_RULE })
          .max(64, { error: NUMBERS_RULE })
          .transform((text, context) => {
            const parsed = parseRecipient(text);
            if (parsed.kind === "recipient" && parsed.recipient.kind === "user")
              return parsed.recipient.digits;
            const rule = "numbers must be phone numbers of 10 to 15 digits in international form";
            context.issues.push(issueOf("VALIDATION_ERROR", rule, text));
            return z.NEVER;
          }),
        { error: NUMBERS_RULE },
      )
      .min(1, { error: NUMBERS_RULE })
      .max(1_000, { error: NUMBERS_RULE }),
  })
  .meta({ id: "CheckContacts" });

export const checkedContacts = z
  .object({
    success: z.literal(true),
    contacts: z.array(
      z.object({
        number: z.string(),
        jid: z.string(),
        on_whatsapp: z.enum(["yes", "no", "unknown"]).meta({
          description: "`unknown`: not asked, because the budget of look-ups or the time was over.",
        }),
        age_s: z.int().nullable().meta({ description: "How old the answer is." }),
      }),
    ),
  })
  .meta({ id: "CheckedContacts" });

const CHAT_RULE = "chat is required and must be a phone number or a JID";
const COUNT_RULE = "count must be a whole number between 1 and 500";

/** The body of `POST /v1/devices/:id/history-sync` */
export const historyBody = z
  .strictObject({
    chat: z
      .string({ error: CHAT_RULE })
      .max(64, { error: CHAT_RULE })
      .transform((text, context) => {
        const parsed = parseRecipient(text);
        if (parsed.kind === "recipient") return parsed.recipient;
        const told = text === "" ? CHAT_RULE : `chat ${parsed.message}`;
        context.issues.push(issueOf(parsed.code, told, text));
        return z.NEVER;
      })
      .meta({ example: "+55 11 99999-9999" }),
    before: z
      .string({ error: "before must be the id of a message" })
      .min(1, { error: "before must be the id of a message" })
      .max(128, { error: "before must be the id of a message" })
      .optional()
      .meta({ description: "Older than this message, sent or received; absent: than now." }),
    count: z
      .int({ error: COUNT_RULE })
      .min(1, { error: COUNT_RULE })
      .max(500, { error: COUNT_RULE })
      .optional()
      .meta({ description: "50 when absent." }),
  })
  .meta({ id: "SyncHistory" });

export const historyAsked = z
  .object({
    success: z.literal(true),
    messages: z.int().nullable().meta({
      description: "Messages of others that came; null when the phone has not answered yet.",
    }),
  })
  .meta({ id: "HistoryAsked" });

export type GroupBody = z.output<typeof group>;
export type GroupListBody = z.output<typeof groupList>;
export type CheckedContactsBody = z.output<typeof checkedContacts>;

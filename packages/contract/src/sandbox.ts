import { z } from "zod";
import { instant, messageId, wholeNumber } from "./message.ts";
import { codePoints, isCarriable } from "./text-rules.ts";

/** The simulated WhatsApp behind an installation that has one: its phones, its troubles, and what happened there. */

const PHONE_RULE = "phone must be a phone number of 5 to 15 digits";
const CHAT_RULE = "must be a phone number or the JID of a group";
const CURSOR_RULE = "cursor must be the next_cursor of an earlier answer";
const TEXT_RULE = "text must be between 1 and 4096 characters";
const QR_RULE = "qr is required and must be the text of a QR code";
const CODE_RULE = "code is required and must have eight letters and digits";
const ID_RULE = "must be the id of a message";
const LONGEST_TEXT = 4_096;
const MOST_TIMES = 1_000_000;
const MOST_SECONDS = 600;

function digitsOf(text: string): string {
  return text.replaceAll(/[\s()+.-]/g, "");
}

function phoneRule(error: string) {
  return z
    .string({ error })
    .max(32, { error })
    .transform(digitsOf)
    .refine((digits) => /^[1-9][0-9]{4,14}$/.test(digits), { error });
}

const GROUP = /^[0-9-]{1,40}@g\.us$/;

function chatRule(field: string) {
  const error = `${field} ${CHAT_RULE}`;
  return z
    .string({ error })
    .max(64, { error })
    .transform((text) => (GROUP.test(text) ? text : digitsOf(text)))
    .refine((name) => GROUP.test(name) || /^[1-9][0-9]{4,14}$/.test(name), { error })
    .meta({ example: "5511900000002" });
}

const phone = phoneRule(PHONE_RULE).meta({ example: "5511900000002" });
const digits = z.string().meta({ description: "Digits of a number.", example: "5511900000002" });

export const sandboxPhoneParams = z.strictObject({ phone });

const page = {
  cursor: z
    .string({ error: CURSOR_RULE })
    .regex(/^[0-9A-Z:.~-]{1,64}$/, { error: CURSOR_RULE })
    .optional(),
  limit: wholeNumber("limit", 200).meta({ description: "100 when absent." }),
};
const nextCursor = z.string().nullable();

export const sandboxPageQuery = z.strictObject(page);
export const sandboxMessagesQuery = z.strictObject({ chat: chatRule("chat").optional(), ...page });

const sandboxMessage = z
  .object({
    message_id: messageId,
    from: digits,
    to: z.string().meta({ description: "Digits of a number, or the JID of a group." }),
    type: z.string().meta({ description: "`text`, `image`, `reaction`, …", example: "text" }),
    text: z.string().meta({ description: "Text, caption, emoji or name." }),
    arrivals: z.int().meta({
      description: "How often it arrived; a phone shows what has the same id once.",
    }),
    received_at: instant,
    read_at: instant.nullable().meta({ description: "When it was read by hand." }),
    quoted: z.string().nullable(),
    target: z.string().nullable().meta({
      description: "The message that an edit, a deletion or a reaction is about.",
    }),
    deleted: z.boolean().meta({ description: "Deleted for everyone; its text is gone." }),
    edits: z.array(z.object({ text: z.string(), at: instant })).meta({
      description: "What it said before, oldest first.",
    }),
    reactions: z.record(z.string(), z.string()).meta({ description: "By number." }),
    media: z
      .object({ mime_type: z.string(), bytes: z.int(), file_name: z.string().nullable() })
      .nullable(),
    options: z.array(z.string()).meta({ description: "Of a poll." }),
  })
  .meta({ id: "SandboxMessage" });

const phoneFields = {
  phone: digits,
  on_whatsapp: z.boolean(),
  delivery_receipts: z.boolean().meta({ description: "It confirms what arrives." }),
  read_receipts: z.boolean().meta({ description: "It reads what arrives by itself." }),
  passkey: z.boolean().meta({ description: "Linking a device to it takes a passkey." }),
  restricted_until: instant.nullable().meta({
    description: "Until then its devices may write only to those who wrote to it.",
  }),
  devices: z.array(z.string()).meta({ description: "JIDs of the devices linked to it." }),
  messages: z.int(),
  last_message: sandboxMessage.nullable(),
};

export const sandboxPhone = z
  .object({ success: z.literal(true), ...phoneFields })
  .meta({ id: "SandboxPhone" });

export const sandboxPhonePage = z
  .object({
    success: z.literal(true),
    phones: z.array(z.object(phoneFields)).meta({
      description: "Those with the latest message first.",
    }),
    next_cursor: nextCursor,
  })
  .meta({ id: "SandboxPhonePage" });

export const addSandboxPhoneBody = z
  .strictObject({
    phone: phone.optional().meta({ description: "A number of its own when absent." }),
  })
  .meta({ id: "AddSandboxPhone" });

function onOff(field: string) {
  return z.boolean({ error: `${field} must be true or false` }).optional();
}

export const changeSandboxPhoneBody = z
  .strictObject({
    on_whatsapp: onOff("on_whatsapp"),
    delivery_receipts: onOff("delivery_receipts"),
    read_receipts: onOff("read_receipts"),
    passkey: onOff("passkey"),
    restricted_until: z.iso
      .datetime({ offset: true, error: "restricted_until must be a time in RFC 3339, or null" })
      .nullable()
      .optional(),
  })
  .meta({ id: "ChangeSandboxPhone" });

export const sandboxChatPage = z
  .object({
    success: z.literal(true),
    chats: z
      .array(
        z.object({
          chat: z.string().meta({ description: "Digits of the other one, or a group's JID." }),
          messages: z.int(),
          last_message: sandboxMessage,
        }),
      )
      .meta({ description: "The latest first." }),
    next_cursor: nextCursor,
  })
  .meta({ id: "SandboxChatPage" });

export const sandboxMessagePage = z
  .object({
    success: z.literal(true),
    messages: z.array(sandboxMessage).meta({ description: "The latest first." }),
    next_cursor: nextCursor,
  })
  .meta({ id: "SandboxMessagePage" });

const text = z
  .string({ error: TEXT_RULE })
  .refine((given) => given !== "" && codePoints(given) <= LONGEST_TEXT && isCarriable(given), {
    error: TEXT_RULE,
  });

function idRule(field: string) {
  const error = `${field} ${ID_RULE}`;
  return z.string({ error }).regex(/^[A-Za-z0-9._-]{1,64}$/, { error });
}

const EMOJI_RULE = "reaction.emoji must be one emoji";

export const writeFromPhoneBody = z
  .strictObject({
    to: chatRule("to"),
    text: text.optional(),
    reaction: z
      .strictObject({
        message_id: idRule("reaction.message_id"),
        emoji: z.string({ error: EMOJI_RULE }).max(64, { error: EMOJI_RULE }),
      })
      .optional(),
    quoted: idRule("quoted").optional().meta({ description: "The message that it answers." }),
  })
  .refine((body) => (body.text === undefined) !== (body.reaction === undefined), {
    error: "exactly one of text, reaction is required",
    path: ["text"],
  })
  .meta({ id: "WriteFromPhone" });

export const writtenFromPhone = z
  .object({ success: z.literal(true), message_id: messageId })
  .meta({ id: "WrittenFromPhone" });

export const readOnPhoneBody = z.strictObject({ chat: chatRule("chat") }).meta({
  id: "ReadOnPhone",
});

export const readOnPhone = z
  .object({
    success: z.literal(true),
    read: z.array(messageId).meta({ description: "What its authors are told was read." }),
  })
  .meta({ id: "ReadingOnPhone" });

export const scanQrBody = z
  .strictObject({
    qr: z.string({ error: QR_RULE }).min(1, { error: QR_RULE }).max(4_096, { error: QR_RULE }),
  })
  .meta({ id: "ScanQr" });

export const enterCodeBody = z
  .strictObject({
    code: z.string({ error: CODE_RULE }).regex(/^[A-Za-z0-9]{4}[ -]?[A-Za-z0-9]{4}$/, {
      error: CODE_RULE,
    }),
  })
  .meta({ id: "EnterCode" });

export const linkedToPhone = z
  .object({
    success: z.literal(true),
    phone: digits,
    jid: z.string().meta({ description: "Of the new device." }),
  })
  .meta({ id: "LinkedToPhone" });

/** The troubles that the sandbox can make, by name. */
export const SANDBOX_FAULTS = [
  "new_chats_refused",
  "refused",
  "no_ack",
  "lost",
  "late_ack",
  "late_receipts",
  "slow",
  "disconnect",
  "restart",
  "replaced",
  "logged_out",
] as const;
export type SandboxFault = (typeof SANDBOX_FAULTS)[number];

export const FAULT_FIELDS = ["to", "account", "seconds", "code"] as const;

const faultName = z.enum(SANDBOX_FAULTS, {
  error: `fault must be one of ${SANDBOX_FAULTS.join(", ")}`,
});

function wholeIn(field: string, least: number, most: number) {
  const error = `${field} must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

export const addSandboxFaultBody = z
  .strictObject({
    fault: faultName,
    times: wholeIn("times", 1, MOST_TIMES).nullable().optional().meta({
      description: "How often it happens: once when absent, until it is switched off when null.",
    }),
    to: chatRule("to").optional().meta({ description: "Only with messages to this recipient." }),
    account: phoneRule("account must be a phone number")
      .optional()
      .meta({ description: "Only with devices of this number." }),
    seconds: wholeIn("seconds", 1, MOST_SECONDS).optional().meta({ description: "How late." }),
    code: wholeIn("code", 400, 599).optional().meta({ description: "With which it is refused." }),
  })
  .meta({ id: "AddSandboxFault" });

const faultFields = {
  fault_id: z.int(),
  fault: z
    .enum([...SANDBOX_FAULTS, "other"])
    .meta({ description: "`other`: ordered from the simulator itself." }),
  says: z.string().meta({ description: "What happens, in a sentence." }),
  to: z.string().nullable(),
  account: z.string().nullable(),
  times: z.int().nullable().meta({ description: "null: until it is switched off." }),
  remaining: z.int().nullable(),
};

export const sandboxFault = z
  .object({ success: z.literal(true), ...faultFields })
  .meta({ id: "SandboxFault" });

export const sandboxFaults = z
  .object({
    success: z.literal(true),
    faults: z.array(z.object(faultFields)).meta({ description: "Those that wait." }),
    kinds: z
      .array(
        z.object({
          fault: z.enum(SANDBOX_FAULTS),
          says: z.string(),
          remedy: z.string().meta({ description: "What Pombo does about it." }),
          takes: z.array(z.enum(FAULT_FIELDS)),
          seconds: z.int().nullable().meta({ description: "When it is not said how late." }),
          code: z.int().nullable().meta({ description: "When no code is given." }),
        }),
      )
      .meta({ description: "What can be switched on." }),
  })
  .meta({ id: "SandboxFaults" });

export const sandboxFaultParams = z.strictObject({
  fault_id: z.string().regex(/^[0-9]{1,15}$/, { error: "fault_id must be a whole number" }),
});

export const sandboxFaultsOff = z
  .object({ success: z.literal(true), switched_off: z.int() })
  .meta({ id: "SandboxFaultsOff" });

export const sandboxLogQuery = z.strictObject({
  after: wholeNumber("after", Number.MAX_SAFE_INTEGER).meta({
    description: "Entries later than this; the latest ones when absent.",
  }),
  message_id: idRule("message_id").optional().meta({ description: "Those of one message." }),
  limit: wholeNumber("limit", 1_000).meta({ description: "200 when absent." }),
});

export const sandboxLog = z
  .object({
    success: z.literal(true),
    entries: z
      .array(
        z.object({
          seq: z.int(),
          at: instant,
          kind: z.string().meta({
            description:
              "`message`: a stanza arrived at the server · `ack`: its answer · `shown`: a phone shows it · `delivered`: it arrived elsewhere, or once more · `receipt`, `fault`, `login`, `close`, `paired`, …",
          }),
          phone: z.string().nullable().meta({ description: "Whom it is about, by number." }),
          message_id: z.string().nullable(),
          from: z.string().nullable(),
          to: z.string().nullable(),
          type: z.string().nullable(),
          code: z.int().nullable().meta({ description: "Of a refusal." }),
          detail: z.string().nullable(),
          repeated: z.boolean().meta({ description: "The phone had it already." }),
        }),
      )
      .meta({ description: "In order." }),
    last: z.int().meta({ description: "Give it back as `after`." }),
    dropped: z.int().meta({ description: "Later than `after`, but no longer kept." }),
  })
  .meta({ id: "SandboxLog" });

export type SandboxMessageBody = z.output<typeof sandboxMessage>;
export type SandboxPhoneBody = z.output<typeof sandboxPhone>;
export type SandboxFaultBody = z.output<typeof sandboxFault>;
export type SandboxFaultsBody = z.output<typeof sandboxFaults>;
export type SandboxLogBody = z.output<typeof sandboxLog>;
export type AddSandboxFaultInput = z.output<typeof addSandboxFaultBody>;

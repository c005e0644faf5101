import type { ErrorCode } from "./catalog.ts";

export type Recipient =
  | { readonly kind: "user"; readonly digits: string; readonly jid: string }
  | { readonly kind: "group"; readonly jid: string };

export type ParsedRecipient =
  | { readonly kind: "recipient"; readonly recipient: Recipient }
  | {
      readonly kind: "refused";
      readonly code: Extract<ErrorCode, "VALIDATION_ERROR" | "INVALID_CHAT_JID">;
      readonly message: string;
    };

const SEPARATORS = /[\s()-]/g;
const DIGITS = /^[0-9]{10,15}$/;
const USER_JID = /^([0-9]{10,15})@s\.whatsapp\.net$/;
/** Order is kept per number: a second name for the same account would make two queues of one. */
const LID = /^[0-9]+@lid$/;
const GROUP_JID = /^([0-9]{15,25}|[0-9]{5,15}-[0-9]{10})@g\.us$/;

/**
 * Reads a phone number or a JID as people write it: spaces, dashes, parentheses and a leading `+` are dropped, then 10–15 digits.
 * A text with `@` must be a whole user or group JID.
 */
export function parseRecipient(text: string): ParsedRecipient {
  if (text.includes("@")) return parseJid(text.trim());
  const digits = text.replace(SEPARATORS, "").replace(/^\+/, "");
  if (DIGITS.test(digits)) return { kind: "recipient", recipient: user(digits) };
  return {
    kind: "refused",
    code: "VALIDATION_ERROR",
    message: "must be a phone number of 10 to 15 digits in international form, or a JID",
  };
}

/** Stands in the place of a recipient whose data was erased: nobody, and nothing is sent to it. */
export const ERASED = "erased";

/** The key under which order is kept and gates are held. */
export function recipientKey(recipient: Recipient): string {
  return recipient.kind === "user" ? recipient.digits : recipient.jid;
}

function parseJid(text: string): ParsedRecipient {
  const digits = USER_JID.exec(text)?.[1];
  if (digits !== undefined) return { kind: "recipient", recipient: user(digits) };
  if (GROUP_JID.test(text)) return { kind: "recipient", recipient: { kind: "group", jid: text } };
  const message = LID.test(text)
    ? "is a LID, which names an account without its number: give the phone number"
    : "must be a user JID like 5511999999999@s.whatsapp.net or a group JID like 120363039000000000@g.us";
  return { kind: "refused", code: "INVALID_CHAT_JID", message };
}

function user(digits: string): Recipient {
  return { kind: "user", digits, jid: `${digits}@s.whatsapp.net` };
}

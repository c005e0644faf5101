import type { SESSION_STATUSES } from "@pombo/contract";
import type { MessageStatus } from "@pombo/domain";

type SessionStatus = (typeof SESSION_STATUSES)[number];

const STATUSES = {
  scheduled: "queued",
  queued: "queued",
  sending: "queued",
  unknown: "queued",
  sent: "sent",
  delivered: "delivered",
  read: "read",
  played: "read",
  failed: "failed",
  expired: "failed",
  canceled: "failed",
} as const satisfies Record<MessageStatus, SessionStatus>;

/** The five words that the document of the dialect has for our statuses. */
export function sessionStatus(status: MessageStatus): SessionStatus {
  return STATUSES[status];
}

/** As the document shows times: to the second, with the offset written out. */
export function sessionInstant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "+00:00");
}

/** Digits for a person, the whole JID for a group. */
export function plainRecipient(recipient: string): string {
  return recipient.replace(/@s\.whatsapp\.net$/, "");
}

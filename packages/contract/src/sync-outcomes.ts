import type { ErrorCode } from "@pombo/domain";

/** What can become of a message whose sender waits for WhatsApp's ack. */
export const SYNC_OUTCOMES = [
  "DEVICE_NOT_FOUND",
  "IDEMPOTENCY_KEY_REUSED",
  "INVALID_CHAT_JID",
  "RECIPIENT_NOT_ON_WHATSAPP",
  "RECIPIENT_SUPPRESSED",
  "RECIPIENT_REFUSED",
  "SEND_REJECTED",
  "SEND_FAILED",
  "STALE_ADDRESSING",
  "MESSAGE_CANCELED",
  "DEVICE_NOT_READY",
  "DEVICE_DISCONNECTED",
  "PAIRING_UNSUPPORTED",
  "CREDENTIALS_UNREADABLE",
  "THROTTLED",
  "ACCOUNT_RESTRICTED",
  "ACCOUNT_BLOCKED",
  "CLIENT_ERROR",
  "DEVICE_ERROR",
] as const satisfies readonly ErrorCode[];

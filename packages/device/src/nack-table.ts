import type { ErrorCode } from "@pombo/domain";

/** What WhatsApp's server says about a message in `<ack error=…>`. */
export interface NackRow {
  readonly code: ErrorCode;
  readonly detail: string;
}

export const NACK_TABLE: Readonly<Record<number, NackRow>> = {
  400: { code: "SEND_REJECTED", detail: "malformed message" },
  401: { code: "RECIPIENT_REFUSED", detail: "not allowed to write to this recipient" },
  403: { code: "RECIPIENT_REFUSED", detail: "not allowed to write to this recipient" },
  404: { code: "SEND_REJECTED", detail: "recipient not found" },
  405: { code: "SEND_REJECTED", detail: "not allowed" },
  406: { code: "SEND_REJECTED", detail: "not acceptable" },
  // Seen in the field, meaning unknown.
  420: { code: "SEND_FAILED", detail: "refused for an unknown reason" },
  421: { code: "STALE_ADDRESSING", detail: "stale addressing" },
  429: { code: "THROTTLED", detail: "too many messages" },
  463: { code: "ACCOUNT_RESTRICTED", detail: "new chats are restricted" },
  475: { code: "ACCOUNT_RESTRICTED", detail: "new chats are capped" },
  479: { code: "STALE_ADDRESSING", detail: "stanza failed validation" },
  487: { code: "SEND_FAILED", detail: "parsing error" },
  488: { code: "SEND_FAILED", detail: "unrecognised stanza" },
  489: { code: "SEND_FAILED", detail: "unrecognised stanza class" },
  490: { code: "SEND_FAILED", detail: "unrecognised stanza type" },
  491: { code: "SEND_FAILED", detail: "invalid protobuf" },
  493: { code: "SEND_FAILED", detail: "invalid hosted companion stanza" },
  495: { code: "SEND_FAILED", detail: "missing message secret" },
  496: { code: "SEND_FAILED", detail: "old message counter" },
  499: { code: "SEND_FAILED", detail: "deleted on the peer" },
  500: { code: "SEND_FAILED", detail: "server error" },
  503: { code: "SEND_FAILED", detail: "server unavailable" },
  550: { code: "SEND_FAILED", detail: "unsupported admin revoke" },
  551: { code: "SEND_FAILED", detail: "unsupported group addressing" },
  552: { code: "SEND_FAILED", detail: "database failure" },
};

export const UNKNOWN_NACK: NackRow = {
  code: "SEND_FAILED",
  detail: "refused with an unknown code",
};

import type { ErrorCode } from "@pombo/domain";

/** What WhatsApp's server says about a query (`<iq type=error>`) that a send or a look-up needs: nothing has left then. */
export interface IqRow {
  readonly code: ErrorCode;
  readonly detail: string;
}

export const IQ_TABLE: Readonly<Record<number, IqRow>> = {
  400: { code: "SEND_REJECTED", detail: "malformed query" },
  401: { code: "RECIPIENT_REFUSED", detail: "query not authorised" },
  403: { code: "RECIPIENT_REFUSED", detail: "not allowed, or not a member of the group" },
  404: { code: "SEND_REJECTED", detail: "recipient or group not found" },
  405: { code: "SEND_REJECTED", detail: "query not allowed" },
  406: { code: "SEND_REJECTED", detail: "query not acceptable" },
  408: { code: "SEND_FAILED", detail: "the server timed out" },
  421: { code: "STALE_ADDRESSING", detail: "stale addressing" },
  429: { code: "THROTTLED", detail: "too many queries" },
  463: { code: "ACCOUNT_RESTRICTED", detail: "new chats are restricted" },
  475: { code: "ACCOUNT_RESTRICTED", detail: "new chats are capped" },
  479: { code: "STALE_ADDRESSING", detail: "stanza failed validation" },
  500: { code: "SEND_FAILED", detail: "server error" },
  501: { code: "SEND_FAILED", detail: "feature not implemented" },
  503: { code: "SEND_FAILED", detail: "server unavailable" },
};

export const UNKNOWN_IQ: IqRow = {
  code: "SEND_FAILED",
  detail: "query refused with an unknown code",
};

import type { DeviceState, ErrorCode } from "@pombo/domain";

/**
 * What WhatsApp says and what Pombo makes of it, written down a second time: the tables must say the same, row by row, and the
 * simulator provokes every row that can be provoked. A row without a line here fails the tests.
 */
export const PUBLISHED_NACKS: Readonly<Record<number, ErrorCode>> = {
  400: "SEND_REJECTED",
  401: "RECIPIENT_REFUSED",
  403: "RECIPIENT_REFUSED",
  404: "SEND_REJECTED",
  405: "SEND_REJECTED",
  406: "SEND_REJECTED",
  420: "SEND_FAILED",
  421: "STALE_ADDRESSING",
  429: "THROTTLED",
  463: "ACCOUNT_RESTRICTED",
  475: "ACCOUNT_RESTRICTED",
  479: "STALE_ADDRESSING",
  487: "SEND_FAILED",
  488: "SEND_FAILED",
  489: "SEND_FAILED",
  490: "SEND_FAILED",
  491: "SEND_FAILED",
  493: "SEND_FAILED",
  495: "SEND_FAILED",
  496: "SEND_FAILED",
  499: "SEND_FAILED",
  500: "SEND_FAILED",
  503: "SEND_FAILED",
  550: "SEND_FAILED",
  551: "SEND_FAILED",
  552: "SEND_FAILED",
};

export const PUBLISHED_IQS: Readonly<Record<number, ErrorCode>> = {
  400: "SEND_REJECTED",
  401: "RECIPIENT_REFUSED",
  403: "RECIPIENT_REFUSED",
  404: "SEND_REJECTED",
  405: "SEND_REJECTED",
  406: "SEND_REJECTED",
  408: "SEND_FAILED",
  421: "STALE_ADDRESSING",
  429: "THROTTLED",
  463: "ACCOUNT_RESTRICTED",
  475: "ACCOUNT_RESTRICTED",
  479: "STALE_ADDRESSING",
  500: "SEND_FAILED",
  501: "SEND_FAILED",
  503: "SEND_FAILED",
};

/** A code that is in none of the tables. */
export const UNKNOWN_CODE = 777;

/** `back`: connects again by itself · `rests`: for minutes · `stops` · `forgets`: erases the credentials. */
interface PublishedDisconnect {
  readonly kind: "back" | "rests" | "stops" | "forgets";
  readonly state: DeviceState;
  readonly cause: string;
  readonly code: ErrorCode;
}

export const PUBLISHED_DISCONNECTS: Readonly<Record<number, PublishedDisconnect>> = {
  401: forgets(),
  402: stops("blocked", "banned_for_a_time", "ACCOUNT_BLOCKED"),
  403: stops("blocked", "account_locked", "ACCOUNT_BLOCKED"),
  405: stops("disconnected", "client_outdated"),
  406: stops("blocked", "banned", "ACCOUNT_BLOCKED"),
  408: back("connection_lost"),
  409: stops("disconnected", "client_refused"),
  411: stops("disconnected", "not_multi_device"),
  413: stops("disconnected", "access_token_expired"),
  414: stops("disconnected", "access_token_invalid"),
  415: stops("disconnected", "access_token_missing"),
  416: stops("disconnected", "client_refused"),
  417: stops("disconnected", "client_refused"),
  418: stops("disconnected", "client_unknown"),
  419: forgets(),
  428: back("connection_closed"),
  429: { kind: "rests", state: "connecting", cause: "throttled", code: "THROTTLED" },
  440: back("replaced"),
  500: back("stream_error"),
  501: back("server_unavailable"),
  503: back("server_unavailable"),
  515: back("restart_required"),
  516: forgets(),
};

export const PUBLISHED_UNKNOWN_DISCONNECT = back("unknown");

function back(cause: string): PublishedDisconnect {
  return { kind: "back", state: "connecting", cause, code: "DEVICE_DISCONNECTED" };
}

function forgets(): PublishedDisconnect {
  return { kind: "forgets", state: "logged_out", cause: "logged_out", code: "DEVICE_NOT_READY" };
}

function stops(
  state: DeviceState,
  cause: string,
  code: ErrorCode = "UPSTREAM_FAILED",
): PublishedDisconnect {
  return { kind: "stops", state, cause, code };
}

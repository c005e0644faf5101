import type { DeviceState, ErrorCode } from "@pombo/domain";

/**
 * Why a connection ended, by Baileys' status code, and what follows.
 *
 * `restart` at once with the same credentials · `backoff` capped exponential · `rest` at least five minutes, doubling ·
 * `replaced` another login took over: ask who owns the device · `unlinked` the phone removed this device: erase, once confirmed ·
 * `stop` until somebody connects it again.
 */
export interface DisconnectRow {
  readonly cause: string;
  readonly follows: "restart" | "backoff" | "rest" | "replaced" | "unlinked" | "stop";
  /** The state that a `stop` ends in. */
  readonly state: Extract<DeviceState, "connecting" | "disconnected" | "logged_out" | "blocked">;
  readonly code: ErrorCode;
}

export const DISCONNECT_TABLE: Readonly<Record<number, DisconnectRow>> = {
  401: { cause: "logged_out", follows: "unlinked", state: "logged_out", code: "DEVICE_NOT_READY" },
  402: { cause: "banned_for_a_time", follows: "stop", state: "blocked", code: "ACCOUNT_BLOCKED" },
  403: { cause: "account_locked", follows: "stop", state: "blocked", code: "ACCOUNT_BLOCKED" },
  405: {
    cause: "client_outdated",
    follows: "stop",
    state: "disconnected",
    code: "UPSTREAM_FAILED",
  },
  406: { cause: "banned", follows: "stop", state: "blocked", code: "ACCOUNT_BLOCKED" },
  408: {
    cause: "connection_lost",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  409: { cause: "client_refused", follows: "stop", state: "disconnected", code: "UPSTREAM_FAILED" },
  411: {
    cause: "not_multi_device",
    follows: "stop",
    state: "disconnected",
    code: "UPSTREAM_FAILED",
  },
  413: {
    cause: "access_token_expired",
    follows: "stop",
    state: "disconnected",
    code: "UPSTREAM_FAILED",
  },
  414: {
    cause: "access_token_invalid",
    follows: "stop",
    state: "disconnected",
    code: "UPSTREAM_FAILED",
  },
  415: {
    cause: "access_token_missing",
    follows: "stop",
    state: "disconnected",
    code: "UPSTREAM_FAILED",
  },
  416: { cause: "client_refused", follows: "stop", state: "disconnected", code: "UPSTREAM_FAILED" },
  417: { cause: "client_refused", follows: "stop", state: "disconnected", code: "UPSTREAM_FAILED" },
  418: { cause: "client_unknown", follows: "stop", state: "disconnected", code: "UPSTREAM_FAILED" },
  // Believed to mean the same as 401; never seen.
  419: { cause: "logged_out", follows: "unlinked", state: "logged_out", code: "DEVICE_NOT_READY" },
  428: {
    cause: "connection_closed",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  429: { cause: "throttled", follows: "rest", state: "connecting", code: "THROTTLED" },
  440: {
    cause: "replaced",
    follows: "replaced",
    state: "disconnected",
    code: "DEVICE_DISCONNECTED",
  },
  // Baileys says 500 for every stream error that it doesn't know: no proof that anything is wrong with the credentials.
  500: {
    cause: "stream_error",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  501: {
    cause: "server_unavailable",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  503: {
    cause: "server_unavailable",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  515: {
    cause: "restart_required",
    follows: "restart",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  516: { cause: "logged_out", follows: "unlinked", state: "logged_out", code: "DEVICE_NOT_READY" },
};

const UNKNOWN_DISCONNECT: DisconnectRow = {
  cause: "unknown",
  follows: "backoff",
  state: "connecting",
  code: "DEVICE_DISCONNECTED",
};

/** Endings that Baileys tells apart by their text only; it is part of the pinned release. */
const DISCONNECT_BY_TEXT: Readonly<Record<string, DisconnectRow>> = {
  "QR refs attempts ended": {
    cause: "qr_timeout",
    follows: "stop",
    state: "disconnected",
    code: "DEVICE_NOT_READY",
  },
};

/** Endings that we bring about ourselves. */
export const OWN_ENDINGS = {
  passkey_required: {
    cause: "passkey_required",
    follows: "stop",
    state: "disconnected",
    code: "PAIRING_UNSUPPORTED",
  },
  pairing_refused: {
    cause: "pairing_refused",
    follows: "stop",
    state: "disconnected",
    code: "UPSTREAM_FAILED",
  },
  not_owner: { cause: "not_owner", follows: "stop", state: "disconnected", code: "DEVICE_ERROR" },
  credentials_unreadable: {
    cause: "credentials_unreadable",
    follows: "stop",
    state: "disconnected",
    code: "CREDENTIALS_UNREADABLE",
  },
  open_timeout: {
    cause: "open_timeout",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  connection_lost: {
    cause: "connection_lost",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  bad_frame: {
    cause: "bad_frame",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_DISCONNECTED",
  },
  store_failed: {
    cause: "store_failed",
    follows: "backoff",
    state: "connecting",
    code: "DEVICE_ERROR",
  },
} as const satisfies Record<string, DisconnectRow>;

export type OwnEnding = keyof typeof OWN_ENDINGS;

export function disconnectRow(code: number | undefined, text: string): DisconnectRow {
  const byCode = code === undefined ? undefined : DISCONNECT_TABLE[code];
  return DISCONNECT_BY_TEXT[text] ?? byCode ?? UNKNOWN_DISCONNECT;
}

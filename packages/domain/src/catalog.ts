/**
 * The error catalog: one row per code, and everything that Pombo decides about an error is read from that row.
 * The HTTP answers of the three dialects, the worker's remedy, the docs, the OpenAPI enums and `GET /v1/errors` all come from here.
 * Rows may be added, never repurposed: clients branch on the code.
 */

/** Who has to act: the caller, nobody (it passes), or the owner of the WhatsApp account. */
export type ErrorClass = "client" | "transient" | "account";

/** What the error is about, so that a reader knows what else it stops. */
export type ErrorScope = "request" | "message" | "recipient" | "device" | "account";

/** May the message have left for WhatsApp when this code is its last word? */
export type Effect = "none" | "possible";

export type Dialect = "native" | "wuts" | "session";

/** What a dialect answers: the status, and its own name for the code where it has one. */
export interface HttpAnswer {
  readonly status: number;
  readonly code?: string;
}

/**
 * What the worker does next.
 * `backoff`: exponential with full jitter, `baseMs` doubling up to `capMs`, at most `maxAttempts` tries in all.
 * `once-more`: one more try after `delayMs`, then final. `again`: the caller repeats the same request; a worker never meets it.
 */
export type Remedy =
  | { readonly kind: "fix" }
  | {
      readonly kind: "backoff";
      readonly baseMs: number;
      readonly capMs: number;
      readonly maxAttempts: number;
    }
  | { readonly kind: "once-more"; readonly delayMs: number }
  | { readonly kind: "refresh" }
  | { readonly kind: "park"; readonly alert: boolean }
  | { readonly kind: "throttle" }
  | { readonly kind: "hold" }
  | { readonly kind: "reconcile" }
  | { readonly kind: "again" };

export interface CatalogRow {
  /** Absent: never an HTTP answer in that dialect, only in `last_error`, events and letters. */
  readonly http: Readonly<Partial<Record<Dialect, HttpAnswer>>>;
  readonly class: ErrorClass;
  readonly scope: ErrorScope;
  readonly effect: Effect;
  readonly remedy: Remedy;
  /** The sentence in the WUTS envelope (native and wuts). */
  readonly says: string;
  /** The sentence of the session dialect, where its document has its own. */
  readonly saysInSession?: string;
}

const fix = { kind: "fix" } as const;
const park = { kind: "park", alert: false } as const;
const parkAndAlert = { kind: "park", alert: true } as const;
const soon = { kind: "backoff", baseMs: 1_000, capMs: 60_000, maxAttempts: 8 } as const;
const briefly = { kind: "backoff", baseMs: 2_000, capMs: 120_000, maxAttempts: 6 } as const;

const SESSION_VALIDATION: HttpAnswer = { status: 422, code: "VALIDATION_ERROR" };
const SESSION_SEND_FAILED: HttpAnswer = { status: 502, code: "SEND_FAILED" };
const SESSION_AWAY: HttpAnswer = { status: 422, code: "SESSION_NOT_CONNECTED" };
const SESSION_UNAVAILABLE: HttpAnswer = { status: 503, code: "SERVICE_UNAVAILABLE" };
const SESSION_NOT_FOUND: HttpAnswer = { status: 404, code: "NOT_FOUND" };
const WUTS_UNAVAILABLE: HttpAnswer = { status: 503, code: "SERVICE_UNAVAILABLE" };

const NOT_CONNECTED_IN_SESSION =
  "The session linked to this API key is not connected. Connect it from the dashboard first.";
const UNAVAILABLE_IN_SESSION = "WhatsApp service is unavailable. Try again later.";
const SEND_FAILED_IN_SESSION = "Failed to send message.";

/** The same status and code in native and wuts, and what the session dialect says. */
function same(status: number, session?: HttpAnswer): CatalogRow["http"] {
  const both = { native: { status }, wuts: { status } };
  return session === undefined ? both : { ...both, session };
}

/** The same status and code in all three dialects. */
function everywhere(status: number): CatalogRow["http"] {
  return same(status, { status });
}

export const CATALOG = {
  // The request could not be understood.
  INVALID_JSON: {
    http: same(400, SESSION_VALIDATION),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The request body is not valid JSON",
  },
  INVALID_REQUEST_FORMAT: {
    http: same(400, SESSION_VALIDATION),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The request body must be a JSON object",
  },
  MISSING_REQUIRED_FIELDS: {
    http: same(400, SESSION_VALIDATION),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "Required fields are missing",
  },
  INVALID_CHAT_JID: {
    http: same(400, SESSION_VALIDATION),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The chat JID is not valid",
  },
  VALIDATION_ERROR: {
    http: same(400, { status: 422 }),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "Validation failed",
  },
  DELETE_TIME_EXPIRED: {
    http: same(400),
    class: "client",
    scope: "message",
    effect: "none",
    remedy: fix,
    says: "The time window for deleting this message for everyone has passed",
  },
  EDIT_TIME_EXPIRED: {
    http: same(400),
    class: "client",
    scope: "message",
    effect: "none",
    remedy: fix,
    says: "The time window for editing this message has passed",
  },

  // Who is asking.
  UNAUTHORIZED: {
    http: everywhere(401),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "API key is required. Pass it as a Bearer token.",
  },
  INVALID_API_KEY: {
    http: everywhere(401),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The provided API key is invalid or has been revoked.",
  },
  FORBIDDEN: {
    http: everywhere(403),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The API key is not permitted to do this",
  },
  NO_SESSION: {
    http: { session: { status: 403 } },
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The API key is not linked to a WhatsApp session.",
  },

  // What is asked for.
  NOT_FOUND: {
    http: everywhere(404),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "Not found",
  },
  DEVICE_NOT_FOUND: {
    http: same(404, SESSION_NOT_FOUND),
    class: "client",
    scope: "device",
    effect: "none",
    remedy: fix,
    says: "The device does not exist",
  },
  BATCH_NOT_FOUND: {
    http: same(404, SESSION_NOT_FOUND),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The batch does not exist",
  },
  MESSAGE_NOT_FOUND: {
    http: same(404, SESSION_NOT_FOUND),
    class: "client",
    scope: "message",
    effect: "none",
    remedy: fix,
    says: "The message does not exist or was already deleted",
  },
  METHOD_NOT_ALLOWED: {
    http: everywhere(405),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "This method is not allowed here",
  },
  PAYLOAD_TOO_LARGE: {
    http: everywhere(413),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The request body is too large",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    http: everywhere(415),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The content type or encoding of the request is not supported",
  },
  CONFLICT: {
    http: everywhere(409),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The request conflicts with the current state",
  },
  IDEMPOTENCY_KEY_REUSED: {
    http: everywhere(409),
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "This Idempotency-Key was used before with another request body",
  },
  IDEMPOTENCY_KEY_IN_PROGRESS: {
    http: {
      native: { status: 409 },
      wuts: WUTS_UNAVAILABLE,
      session: SESSION_UNAVAILABLE,
    },
    class: "transient",
    scope: "request",
    effect: "none",
    remedy: { kind: "again" },
    says: "A request with this Idempotency-Key is still in progress; repeat it unchanged",
    saysInSession: UNAVAILABLE_IN_SESSION,
  },
  CURSOR_EXPIRED: {
    http: { native: { status: 410 } },
    class: "client",
    scope: "request",
    effect: "none",
    remedy: fix,
    says: "The cursor is older than the event log",
  },

  // The message or its recipient.
  RECIPIENT_NOT_ON_WHATSAPP: {
    http: same(422, SESSION_VALIDATION),
    class: "client",
    scope: "recipient",
    effect: "none",
    remedy: fix,
    says: "The recipient is not on WhatsApp",
  },
  RECIPIENT_SUPPRESSED: {
    http: same(422, SESSION_VALIDATION),
    class: "client",
    scope: "recipient",
    effect: "none",
    remedy: fix,
    says: "The recipient is on the suppression list",
  },
  RECIPIENT_REFUSED: {
    http: same(422, SESSION_SEND_FAILED),
    class: "client",
    scope: "recipient",
    effect: "none",
    remedy: { kind: "once-more", delayMs: 7_200_000 },
    says: "WhatsApp does not allow sending to this recipient",
    saysInSession: SEND_FAILED_IN_SESSION,
  },
  SEND_REJECTED: {
    http: same(422, SESSION_SEND_FAILED),
    class: "client",
    scope: "message",
    effect: "none",
    remedy: fix,
    says: "WhatsApp rejected the message",
    saysInSession: SEND_FAILED_IN_SESSION,
  },
  MEDIA_UNACCEPTABLE: {
    http: same(422, SESSION_VALIDATION),
    class: "client",
    scope: "message",
    effect: "none",
    remedy: fix,
    says: "The media can't be used",
  },
  MESSAGE_EXPIRED: {
    http: same(410, SESSION_SEND_FAILED),
    class: "client",
    scope: "message",
    effect: "none",
    remedy: fix,
    says: "The message expired before it could be sent",
    saysInSession: SEND_FAILED_IN_SESSION,
  },
  MESSAGE_CANCELED: {
    http: same(409, SESSION_SEND_FAILED),
    class: "client",
    scope: "message",
    effect: "none",
    remedy: fix,
    says: "The message was canceled",
    saysInSession: SEND_FAILED_IN_SESSION,
  },

  // It passes.
  RATE_LIMITED: {
    http: { native: { status: 429 }, wuts: WUTS_UNAVAILABLE, session: { status: 429 } },
    class: "transient",
    scope: "request",
    effect: "none",
    remedy: soon,
    says: "Too many requests; wait and repeat",
  },
  DEVICE_NOT_READY: {
    http: same(503, SESSION_AWAY),
    class: "transient",
    scope: "device",
    effect: "none",
    remedy: park,
    says: "WhatsApp session is not connected",
    saysInSession: NOT_CONNECTED_IN_SESSION,
  },
  DEVICE_DISCONNECTED: {
    http: same(503, SESSION_AWAY),
    class: "transient",
    scope: "device",
    effect: "none",
    remedy: park,
    says: "WhatsApp session is currently disconnected",
    saysInSession: NOT_CONNECTED_IN_SESSION,
  },
  PAIRING_UNSUPPORTED: {
    http: {
      native: { status: 503 },
      wuts: { status: 503, code: "DEVICE_ERROR" },
      session: SESSION_AWAY,
    },
    class: "account",
    scope: "account",
    effect: "none",
    remedy: parkAndAlert,
    says: "WhatsApp asks this account for a passkey, which can't be answered here",
    saysInSession: NOT_CONNECTED_IN_SESSION,
  },
  CREDENTIALS_UNREADABLE: {
    http: {
      native: { status: 503 },
      wuts: { status: 503, code: "DEVICE_ERROR" },
      session: SESSION_AWAY,
    },
    class: "account",
    scope: "device",
    effect: "none",
    remedy: parkAndAlert,
    says: "The stored credentials of the device can't be read; check the encryption key",
    saysInSession: NOT_CONNECTED_IN_SESSION,
  },
  SERVICE_UNAVAILABLE: {
    http: everywhere(503),
    class: "transient",
    scope: "request",
    effect: "none",
    remedy: soon,
    says: "The service is temporarily unavailable",
    saysInSession: UNAVAILABLE_IN_SESSION,
  },
  THROTTLED: {
    http: { native: { status: 503 }, wuts: WUTS_UNAVAILABLE, session: SESSION_UNAVAILABLE },
    class: "transient",
    scope: "device",
    effect: "none",
    remedy: { kind: "throttle" },
    says: "WhatsApp asked this device to slow down",
    saysInSession: UNAVAILABLE_IN_SESSION,
  },
  DEVICE_ERROR: {
    http: same(500, SESSION_UNAVAILABLE),
    class: "transient",
    scope: "device",
    effect: "none",
    remedy: soon,
    says: "The device could not be acquired for this request",
    saysInSession: UNAVAILABLE_IN_SESSION,
  },
  CLIENT_ERROR: {
    http: same(500, SESSION_UNAVAILABLE),
    class: "transient",
    scope: "device",
    effect: "none",
    remedy: soon,
    says: "The WhatsApp client could not prepare the message",
    saysInSession: UNAVAILABLE_IN_SESSION,
  },
  STALE_ADDRESSING: {
    http: {
      native: { status: 500 },
      wuts: { status: 500, code: "SEND_FAILED" },
      session: SESSION_SEND_FAILED,
    },
    class: "transient",
    scope: "recipient",
    effect: "none",
    remedy: { kind: "refresh" },
    says: "WhatsApp refused the message because of stale addressing",
    saysInSession: SEND_FAILED_IN_SESSION,
  },
  SEND_FAILED: {
    http: same(500, { status: 502 }),
    class: "transient",
    scope: "message",
    effect: "none",
    remedy: briefly,
    says: "Sending to WhatsApp failed",
    saysInSession: SEND_FAILED_IN_SESSION,
  },
  MEDIA_UPLOAD_FAILED: {
    http: same(502, SESSION_SEND_FAILED),
    class: "transient",
    scope: "message",
    effect: "none",
    remedy: briefly,
    says: "The media could not be uploaded to WhatsApp",
    saysInSession: SEND_FAILED_IN_SESSION,
  },
  OUTCOME_UNKNOWN: {
    http: {},
    class: "transient",
    scope: "message",
    effect: "possible",
    remedy: { kind: "reconcile" },
    says: "The message was handed to WhatsApp, which has not answered",
  },
  POISONED: {
    http: {},
    class: "client",
    scope: "message",
    effect: "possible",
    remedy: fix,
    says: "The message ended its worker three times",
  },
  ACCOUNT_RESTRICTED: {
    http: same(503, SESSION_SEND_FAILED),
    class: "account",
    scope: "account",
    effect: "none",
    remedy: { kind: "hold" },
    says: "WhatsApp restricts this account from starting new chats for now",
    saysInSession: SEND_FAILED_IN_SESSION,
  },
  ACCOUNT_BLOCKED: {
    http: same(503, SESSION_AWAY),
    class: "account",
    scope: "account",
    effect: "none",
    remedy: parkAndAlert,
    says: "WhatsApp has blocked this account",
    saysInSession: NOT_CONNECTED_IN_SESSION,
  },
  UPSTREAM_FAILED: {
    http: same(502),
    class: "transient",
    scope: "device",
    effect: "none",
    remedy: soon,
    says: "WhatsApp refused or did not complete the operation",
  },
  SYNC_REQUEST_FAILED: {
    http: same(502),
    class: "transient",
    scope: "device",
    effect: "none",
    remedy: soon,
    says: "The history sync request to WhatsApp failed",
  },
  DELETE_FAILED: {
    http: same(500),
    class: "transient",
    scope: "message",
    effect: "none",
    remedy: soon,
    says: "The message could not be deleted",
  },
  EDIT_FAILED: {
    http: same(500),
    class: "transient",
    scope: "message",
    effect: "none",
    remedy: soon,
    says: "The message could not be edited",
  },
  INTERNAL_ERROR: {
    http: same(500, SESSION_UNAVAILABLE),
    class: "transient",
    scope: "request",
    effect: "none",
    remedy: soon,
    says: "An internal error occurred",
    saysInSession: UNAVAILABLE_IN_SESSION,
  },
} as const satisfies Record<string, CatalogRow>;

export type ErrorCode = keyof typeof CATALOG;

export const ERROR_CODES = Object.keys(CATALOG) as readonly ErrorCode[];

/** The row of a code, typed as a row rather than as the literal it was written as. */
export function catalogRow(code: ErrorCode): CatalogRow {
  return CATALOG[code];
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(CATALOG, text);
}

import type { ErrorCode } from "./catalog.ts";

/**
 * The life of a message.
 *
 * ```
 *  scheduled ──due──► queued ──attempt──► sending ──ack──► sent ──receipt──► delivered ──► read ──► played
 *      │                │ ▲                │  │ no answer
 *      │                │ └──retry─────────┘  ▼
 *      │                │                  unknown ──once more──► sending        (never back to queued: it may have left)
 *      ▼                ▼                     │
 *  canceled         failed · expired        failed(OUTCOME_UNKNOWN) ──evidence──► sent · delivered · read
 * ```
 *
 * A *command* is what we decide; it is fenced by the device's epoch. *Evidence* is what WhatsApp says (ack, receipt); it is never
 * fenced and only moves forward. Nothing else changes a status: the ledger's settle script is given `to` and the list below.
 */
export const MESSAGE_STATUSES = [
  "scheduled",
  "queued",
  "sending",
  "unknown",
  "sent",
  "delivered",
  "read",
  "played",
  "failed",
  "expired",
  "canceled",
] as const;

export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** A status to come from; `failed:OUTCOME_UNKNOWN` is `failed` with that last code. */
export type Origin = MessageStatus | `failed:${ErrorCode}`;

interface Entrance {
  readonly command: readonly Origin[];
  readonly evidence: readonly Origin[];
  /** A user sends a dead letter again. */
  readonly redrive: readonly Origin[];
}

const UNACKED: readonly Origin[] = ["queued", "sending", "unknown", "failed:OUTCOME_UNKNOWN"];

/** For each status, from where it may be entered, and by what. */
export const ENTRANCES: Readonly<Record<MessageStatus, Entrance>> = {
  scheduled: { command: [], evidence: [], redrive: [] },
  queued: { command: ["scheduled", "queued", "sending"], evidence: [], redrive: ["failed"] },
  sending: { command: ["queued", "unknown"], evidence: [], redrive: [] },
  unknown: { command: ["sending", "unknown"], evidence: [], redrive: ["failed"] },
  sent: { command: [], evidence: UNACKED, redrive: [] },
  delivered: { command: [], evidence: [...UNACKED, "sent"], redrive: [] },
  read: { command: [], evidence: [...UNACKED, "sent", "delivered"], redrive: [] },
  played: { command: [], evidence: [...UNACKED, "sent", "delivered", "read"], redrive: [] },
  failed: { command: ["scheduled", "queued", "sending", "unknown"], evidence: [], redrive: [] },
  expired: { command: ["scheduled", "queued"], evidence: [], redrive: [] },
  canceled: { command: ["scheduled", "queued"], evidence: [], redrive: [] },
};

/** What a receipt or ack proves. */
export type EvidenceStatus = "sent" | "delivered" | "read" | "played";

const TERMINAL: ReadonlySet<MessageStatus> = new Set(["failed", "expired", "canceled"]);

/** True for a status after which we do nothing more for the message of our own accord. */
export function isSettled(status: MessageStatus): boolean {
  return (
    TERMINAL.has(status) ||
    status === "sent" ||
    status === "delivered" ||
    status === "read" ||
    status === "played"
  );
}

export function isTerminal(status: MessageStatus): boolean {
  return TERMINAL.has(status);
}

/** May a message that is `from` (with last code `code`) enter `to`? The rule that the ledger's script applies. */
export function mayEnter(
  to: MessageStatus,
  by: keyof Entrance,
  from: { readonly status: MessageStatus; readonly code?: ErrorCode },
): boolean {
  const origins = ENTRANCES[to][by];
  if (origins.includes(from.status)) return true;
  return from.code !== undefined && origins.includes(`failed:${from.code}`)
    ? from.status === "failed"
    : false;
}

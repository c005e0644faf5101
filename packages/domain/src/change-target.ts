import type { ErrorCode } from "./catalog.ts";
import type { ContentKind } from "./content.ts";
import { isSettled, type MessageStatus } from "./message-status.ts";
import type { Settings } from "./settings.ts";

/** What is known of the message that shall be changed. */
export interface ChangeTarget {
  readonly kind: ContentKind;
  readonly status: MessageStatus;
  readonly mayHaveLeft: boolean;
  /** When WhatsApp had it, ms since the epoch; absent while that is not known. */
  readonly sentAt?: number;
  /** A deletion of it was accepted, and has not failed. */
  readonly deleted: boolean;
  /** It was sent from the phone number that the device has now. */
  readonly sameIdentity: boolean;
}

export type TargetChange = "edit" | "delete" | "reaction";

/** `in-place`: it has not left, so it is canceled or changed where it waits · `send`: a message of its own goes after it. */
export type ChangeVerdict =
  | { readonly kind: "in-place" | "send" }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly detail: string };

/** Whether a message of ours can be edited, deleted for everyone, or reacted to, and how. */
export function judgeChange(
  target: ChangeTarget,
  change: TargetChange,
  { now, settings }: { readonly now: number; readonly settings: Settings },
): ChangeVerdict {
  const { status, mayHaveLeft, sentAt } = target;
  if (target.deleted || status === "canceled")
    return refused("MESSAGE_NOT_FOUND", "The message was deleted");
  if (target.kind === "edit" || target.kind === "delete" || target.kind === "reaction")
    return refused("CONFLICT", `The message is itself a change: ${target.kind}`);
  if (isSettled(status) && NEVER_LEFT.has(status) && !mayHaveLeft)
    return refused("CONFLICT", `The message was never sent: it is ${status}`);
  const waits = !mayHaveLeft && (status === "queued" || status === "scheduled");
  if (change === "reaction") return { kind: "send" };
  if (waits) return { kind: "in-place" };
  if (!target.sameIdentity)
    return refused(
      "CONFLICT",
      "The message was sent from the phone number that the device had before",
    );
  if (change === "edit" && target.kind !== "text")
    return refused("CONFLICT", `Only a text can be edited: the message is a ${target.kind}`);
  const { window, code } = WINDOWS[change];
  if (sentAt !== undefined && now - sentAt > settings[window])
    return refused(code, "The message is too old for that");
  return { kind: "send" };
}

const NEVER_LEFT: ReadonlySet<MessageStatus> = new Set(["failed", "expired"]);

const WINDOWS = {
  edit: { window: "edit_window_ms", code: "EDIT_TIME_EXPIRED" },
  delete: { window: "delete_window_ms", code: "DELETE_TIME_EXPIRED" },
} as const;

function refused(code: ErrorCode, detail: string): ChangeVerdict {
  return { kind: "refused", code, detail };
}

/** The code under which a refusal of WhatsApp is told: that of a deletion or an edit has a name of its own. */
export function refusalOf(kind: ContentKind, code: ErrorCode): ErrorCode {
  return REFUSALS.has(code) ? (REFUSED_CHANGES[kind] ?? code) : code;
}

const REFUSED_CHANGES: Readonly<Partial<Record<ContentKind, ErrorCode>>> = {
  delete: "DELETE_FAILED",
  edit: "EDIT_FAILED",
};

/** What WhatsApp says of the message itself; what it says of the account or the lane keeps its name. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "SEND_REJECTED",
  "SEND_FAILED",
  "RECIPIENT_REFUSED",
]);

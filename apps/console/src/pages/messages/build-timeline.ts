import { formatDuration } from "../../ui/format.ts";
import { type Blocker, type MessageDetail, WAIT_WORDS } from "./wait-words.ts";

type Entry = MessageDetail["timeline"][number];
type Status = Entry["status"];

/** One line of a message's story; the newest comes last. */
export interface TimelineRow {
  readonly kind: "change" | "wait" | "attempt";
  readonly at: string;
  /** Whose mark stands before it. */
  readonly status: Status;
  readonly text: string;
  readonly code?: string;
  /** It came after the status had moved on, and changed nothing. */
  readonly late?: true;
  /** A wait that is not over: since `at`. */
  readonly open?: true;
}

/** What is shorter is no wait that anybody asks about, unless its reason is known. */
const SHORTEST_WAIT_MS = 500;

/** Accepted, the waits between with their reasons, the attempts with what came of them and how long it took, and receipts. */
export function buildTimeline(
  message: Pick<MessageDetail, "blocked_by" | "blocked_since" | "send_at" | "timeline">,
): readonly TimelineRow[] {
  const { timeline, blocked_by: blocker, blocked_since: since } = message;
  const rows = timeline.flatMap((entry, index) => {
    const before = timeline.slice(0, index).findLast(({ late }) => late !== true);
    const wait = before === undefined ? undefined : waitBetween(before, entry);
    const row = rowOf(entry, before);
    return wait === undefined ? [row] : [wait, row];
  });
  if (blocker === null || since === null) return rows;
  const status = timeline.at(-1)?.status ?? "queued";
  const text = `waiting: ${WAIT_WORDS[blocker].short}`;
  return [...rows, { kind: "wait", at: since, status, text, open: true }];
}

function waitBetween(before: Entry, entry: Entry): TimelineRow | undefined {
  if (!WAITING.has(before.status) || entry.late === true) return undefined;
  const ms = Date.parse(entry.at) - Date.parse(before.at);
  const reason = reasonOf(before, entry);
  if (ms < SHORTEST_WAIT_MS && (entry.waited_for === undefined || ms <= 0)) return undefined;
  const about = reason === undefined ? "" : `: ${WAIT_WORDS[reason].short}`;
  const text = `waited ${formatDuration(ms)}${about}`;
  return { kind: "wait", at: before.at, status: before.status, text };
}

const WAITING: ReadonlySet<Status> = new Set(["scheduled", "queued", "unknown"]);

function reasonOf(before: Entry, { status, waited_for: told }: Entry): Blocker | undefined {
  if (before.status === "scheduled") return "scheduled";
  if (before.status === "unknown") return status === "sending" ? "reconcile" : told;
  if (told !== undefined) return told;
  return status === "sending" ? "pacing" : undefined;
}

function rowOf(entry: Entry, before: Entry | undefined): TimelineRow {
  const { at, status, error_code: code, late } = entry;
  const more = { ...(code === undefined ? {} : { code }), ...(late === undefined ? {} : { late }) };
  if (status === "sending")
    return { kind: "attempt", at, status, text: `attempt ${entry.attempt ?? 1}`, ...more };
  return { kind: "change", at, status, text: changeText(entry, before), ...more };
}

function changeText(entry: Entry, before: Entry | undefined): string {
  const { status, late } = entry;
  if (before === undefined) return status === "scheduled" ? "accepted for later" : "accepted";
  if (late === true) return `${RECEIPTS[status] ?? status}, reported late: it changed nothing`;
  const took = formatDuration(Math.max(0, Date.parse(entry.at) - Date.parse(before.at)));
  const ended = before.status === "sending";
  if (status === "queued") return backInLine(before);
  if (status === "unknown")
    return before.status === "failed" ? "sent again by hand, same id" : `no answer in ${took}`;
  if (status === "failed") return ended ? `failed after ${took}` : "failed";
  const receipt = RECEIPTS[status];
  if (receipt === undefined) return status;
  return ended || before.status === "sent" ? `${receipt} after ${took}` : receipt;
}

function backInLine(before: Entry): string {
  if (before.status === "failed") return "sent again by hand";
  return before.status === "scheduled" ? "its time has come" : "back in line";
}

const RECEIPTS: Readonly<Partial<Record<Status, string>>> = {
  sent: "WhatsApp acknowledged it",
  delivered: "on the recipient’s phone",
  read: "read",
  played: "played",
};

import { type MessageDetail, WAIT_WORDS } from "./wait-words.ts";

/** What happens next to a message, when, and why. */
export interface NextBlock {
  readonly what: string;
  readonly why: string;
  /** Counted down to; absent where nobody can say. */
  readonly at?: string;
  /** Where to see it, or to act: below `/console`. */
  readonly link?: { readonly href: string; readonly label: string };
}

type Facts = Pick<
  MessageDetail,
  | "attempts"
  | "batch_id"
  | "blocked_by"
  | "device_id"
  | "eta"
  | "last_error"
  | "message_id"
  | "next_attempt_at"
  | "status"
  | "waits_for"
>;

/** @param mostAttempts how often a message with this last error is tried; absent where the catalog counts nothing */
export function nextBlock(facts: Facts, mostAttempts?: number): NextBlock {
  if (facts.blocked_by !== null) return waiting(facts, facts.blocked_by, mostAttempts);
  if (facts.status === "failed") return dead(facts);
  return SETTLED[facts.status];
}

function waiting(
  facts: Facts,
  blocker: NonNullable<Facts["blocked_by"]>,
  mostAttempts: number | undefined,
): NextBlock {
  const { next, why } = WAIT_WORDS[blocker];
  const at = facts.eta ?? facts.next_attempt_at;
  const link = linkOf(facts, blocker);
  const most = mostAttempts === undefined ? "" : ` of at most ${mostAttempts}`;
  const code = facts.last_error === null ? "" : ` Last answer: ${facts.last_error.error_code}.`;
  return {
    what: blocker === "retry" ? `Tried again: attempt ${facts.attempts + 1}${most}.` : next,
    why: blocker === "retry" ? `${why}${code}` : why,
    ...(at === null ? {} : { at }),
    ...(link === undefined ? {} : { link }),
  };
}

function linkOf(
  { batch_id: batch, device_id: device, waits_for: before }: Facts,
  blocker: NonNullable<Facts["blocked_by"]>,
): NextBlock["link"] {
  if (blocker === "order" && before !== null)
    return { href: `/messages/${before}`, label: "The earlier message" };
  if (blocker === "batch_paused" && batch !== null)
    return { href: `/batches/${batch}`, label: "Its batch" };
  if (ABOUT_THE_DEVICE.has(blocker) && device !== null)
    return { href: `/devices/${device}`, label: "Why its device does not send" };
  return undefined;
}

const ABOUT_THE_DEVICE: ReadonlySet<string> = new Set([
  "account_hold",
  "budget",
  "device_offline",
  "identity_changed",
  "lane_paused",
  "no_worker",
  "pacing",
]);

function dead({ message_id: id, last_error: error }: Facts): NextBlock {
  return {
    what: "Nothing happens by itself.",
    why:
      error?.error_code === "OUTCOME_UNKNOWN"
        ? "A late answer of WhatsApp still turns it into sent. Else it is yours to send again or to discard."
        : "It is yours to send again, corrected or as it was, or to discard.",
    link: { href: `/dead-letters?letter=${id}`, label: "Its dead letter" },
  };
}

const SETTLED: Readonly<Record<Exclude<Facts["status"], "failed">, NextBlock>> = {
  scheduled: { what: "Put in line at its time.", why: "It was accepted with send_at." },
  queued: { what: "Sent now.", why: "Nothing stands before it." },
  sending: {
    what: "WhatsApp’s answer is awaited.",
    why: "Without one its outcome counts as unknown, and is found out. It is not sent under another id.",
  },
  unknown: {
    what: "No late answer: sent again after the next reconnect, same id.",
    why: "WhatsApp should show it once.",
  },
  sent: {
    what: "The recipient’s phone reports when it has it.",
    why: "It may be switched off or offline. Nothing to do.",
  },
  delivered: {
    what: "Told when it is read.",
    why: "Some people switch read receipts off: then nothing more comes.",
  },
  read: { what: "Nothing more is expected.", why: "It has arrived and was read." },
  played: { what: "Nothing more is expected.", why: "It has arrived and was played." },
  expired: {
    what: "Nothing: it will not be sent.",
    why: "Its time was over before its turn came.",
  },
  canceled: { what: "Nothing: it will not be sent.", why: "It was canceled while it waited." },
};

import { type MessageDetail, WAIT_WORDS } from "./wait-words.ts";

type Facts = Pick<
  MessageDetail,
  "status" | "blocked_by" | "last_error" | "may_have_left" | "receipts"
>;

/** Where the message is, in one sentence. */
export function messageVerdict(facts: Facts): string {
  const { status, blocked_by: blocker } = facts;
  if (blocker !== null) return WAIT_WORDS[blocker].verdict;
  return status === "failed" ? failed(facts) : told(facts);
}

function failed({ last_error: error, may_have_left: left }: Facts): string {
  const cause = error === null ? "It failed." : `It failed: ${asSentence(error.error)}`;
  return left ? `${cause} It may have arrived all the same.` : `${cause} It was not sent.`;
}

function told({ status, receipts }: Facts): string {
  if (receipts !== null && (status === "delivered" || status === "read"))
    return `It reached ${receipts.delivered} of the group; ${receipts.read} have read it.`;
  return SENTENCES[status];
}

const SENTENCES: Readonly<Record<MessageDetail["status"], string>> = {
  scheduled: "It waits for its time.",
  queued: "It is next in its lane.",
  sending: "An attempt is under way.",
  unknown: "Written to WhatsApp, no answer yet.",
  sent: "WhatsApp has it. The recipient’s phone has not reported yet.",
  delivered: "It is on the recipient’s phone.",
  read: "The recipient has read it.",
  played: "The recipient has played it.",
  failed: "It failed.",
  expired: "It expired before it could be sent. It was not sent.",
  canceled: "It was canceled before it left.",
};

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

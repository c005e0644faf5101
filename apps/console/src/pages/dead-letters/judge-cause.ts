import type { Output } from "@pombo/sdk";

export type LetterGroups = Output<"groupLetters">;
export type Cause = LetterGroups["by_cause"][number];
export type CatalogEntry = Output<"listErrors">["errors"][number];

/** What is to be thought of before letters are sent again. */
export type Badge = "safe" | "possible" | "fix";

/** Remedies after which the same message fails the same way: something has to be put right first. */
const NEEDS_FIXING: ReadonlySet<string> = new Set(["fix", "again", "once-more"]);

/** From the catalog alone: may it have arrived, and does waiting help? */
export function badgeOf(
  effect: "none" | "possible",
  entry: Pick<CatalogEntry, "class" | "remedy"> | undefined,
): Badge {
  if (effect === "possible") return "possible";
  if (entry === undefined) return "safe";
  const isStuck = entry.remedy.kind === "park" && entry.class === "account";
  return isStuck || NEEDS_FIXING.has(entry.remedy.kind) ? "fix" : "safe";
}

export const BADGE_WORDS: Readonly<Record<Badge, string>> = {
  safe: "Safe to resend",
  possible: "May have arrived",
  fix: "Fix first",
};

/** Cause, consequence, next step. */
export function adviceOf(code: string, badge: Badge): string {
  return ADVICE[code] ?? ADVICE_OF_BADGE[badge];
}

const ADVICE_OF_BADGE: Readonly<Record<Badge, string>> = {
  safe: "Nothing left for WhatsApp, and the cause is one that passes. Send them again.",
  possible:
    "They were handed to WhatsApp. Sent again under the same id, each should be shown once.",
  fix: "Sent again as they are, they fail the same way. Correct what is wrong first, or discard them.",
};

const ADVICE: Readonly<Record<string, string>> = {
  ACCOUNT_BLOCKED: "WhatsApp blocked the number. Nothing goes out until it is free again.",
  ACCOUNT_RESTRICTED:
    "WhatsApp limits new chats on the number. Sent again, they wait until it allows them.",
  CREDENTIALS_UNREADABLE:
    "Give Pombo the key that its credentials were written with, then send again.",
  MEDIA_UNACCEPTABLE:
    "The file could not be used. Correct its address or the file, then send again.",
  OUTCOME_UNKNOWN:
    "They were written to WhatsApp, which never answered. Sent again under the same id, each should be shown once.",
  POISONED:
    "Each ended its worker three times. Find out what is odd about them before you send again.",
  RECIPIENT_NOT_ON_WHATSAPP:
    "The number is not on WhatsApp. Discard them, and write to the right number.",
  RECIPIENT_REFUSED:
    "WhatsApp does not let this number write to them. Sending again will not help.",
  RECIPIENT_SUPPRESSED:
    "They must not be written to. Discard them, or take the number off the list first.",
  SEND_REJECTED: "WhatsApp rejected what they say. Edit them, then send again.",
};

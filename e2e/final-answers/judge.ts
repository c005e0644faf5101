import type { Asked } from "./send-once.ts";

/** What is seen when everything has settled. */
export interface Seen {
  /** By message id. */
  readonly statuses: ReadonlyMap<string, string>;
  /** The ids that each recipient's phone shows. */
  readonly phones: ReadonlyMap<string, readonly string[]>;
}

export interface Verdicts {
  readonly counts: Readonly<Record<string, number>>;
  /** Each of them breaks a promise. */
  readonly broken: readonly string[];
}

/**
 * An error answer is final: nothing of it ever arrives. A success was sent, or its failure is reported: it is never gone. And nobody has
 * anything twice.
 */
export function judge(asked: readonly Asked[], { statuses, phones }: Seen): Verdicts {
  const counts: Record<string, number> = {};
  const broken: string[] = [];
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
  for (const { to, answer } of asked) {
    const shown = phones.get(to) ?? [];
    const told = `${answer?.status ?? "no answer"} ${answer?.code ?? ""}`.trim();
    count(told);
    if (shown.length > 1) broken.push(`${told}: the phone shows ${shown.length} messages`);
    if (answer === undefined) continue;
    if (answer.status >= 400) {
      if (shown.length > 0) broken.push(`${told}: an error, and ${shown.join(", ")} arrived`);
      continue;
    }
    const status = statuses.get(answer.messageId ?? "") ?? "absent";
    count(`${answer.status}, then ${status}`);
    if (status === "absent") broken.push(`${told}: ${answer.messageId ?? "?"} is gone`);
    const arrived = ARRIVED.has(status);
    if (arrived && !shown.includes(answer.messageId ?? ""))
      broken.push(
        `${told}: ${answer.messageId ?? "?"} is ${status}, but its phone does not show it`,
      );
    if (answer.status === 200 && !arrived) broken.push(`${told}: it said sent, and is ${status}`);
  }
  return { counts, broken };
}

const ARRIVED: ReadonlySet<string> = new Set(["sent", "delivered", "read", "played"]);

/** What the doctor says of one thing. */
export interface Finding {
  /**
   * `well`: as it should be. `problem`: it does not work, or what was accepted can be lost. `warning`: it works, and will hurt
   * some day. `unseen`: it could not be looked at.
   */
  readonly level: "well" | "problem" | "warning" | "unseen";
  /** A sentence without its full stop. */
  readonly says: string;
  /** What to do. */
  readonly remedy?: string;
}

export function well(says: string): Finding {
  return { level: "well", says };
}

export function problem(says: string, remedy: string): Finding {
  return { level: "problem", says, remedy };
}

export function warning(says: string, remedy: string): Finding {
  return { level: "warning", says, remedy };
}

export function unseen(says: string, remedy?: string): Finding {
  return { level: "unseen", says, ...(remedy === undefined ? {} : { remedy }) };
}

/** The sentence when there is nothing to complain of. */
export function orWell(findings: readonly Finding[], says: string): readonly Finding[] {
  return findings.length === 0 ? [well(says)] : findings;
}

/** What an error says, without what stands around it. */
export function reasonOf(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  if (deepest instanceof AggregateError) [deepest] = deepest.errors as unknown[];
  return deepest instanceof Error ? deepest.message.replace(/\.$/, "") : String(deepest);
}

/** A look that is dear stands longer, so that looking takes a twentieth of the time. */
const REST = 20;
const MOST_LONGER = 5;

interface Look<T> {
  readonly at: number;
  readonly seen: Promise<T>;
  until: number;
}

/**
 * One look at a time for all who ask; what it saw stands for `ms`, or for 20 times as long as it took, 5 × `ms` at most.
 * A look that failed is not kept. `clock` is monotonic (ms).
 */
export function keptFor<T>(
  ms: number,
  clock: () => number,
  look: () => Promise<T>,
): () => Promise<T> {
  let last: Look<T> | undefined;
  async function settle(mine: Look<T>): Promise<void> {
    try {
      await mine.seen;
      mine.until = mine.at + Math.max(ms, Math.min(REST * (clock() - mine.at), MOST_LONGER * ms));
    } catch {
      // Whoever asked for it is told.
      if (last === mine) last = undefined;
    }
  }
  return () => {
    const at = clock();
    if (last !== undefined && at < last.until) return last.seen;
    const mine: Look<T> = { at, seen: look(), until: at + ms };
    last = mine;
    void settle(mine);
    return mine.seen;
  };
}

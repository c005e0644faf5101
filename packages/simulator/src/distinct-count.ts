/** Counts distinct texts; of more than `most` it forgets the oldest, so what it counts is exact up to there. */
export interface DistinctCount {
  add(text: string): void;
  count(): number;
}

export function openDistinctCount(most: number): DistinctCount {
  const seen = new Set<string>();
  let forgotten = 0;
  return {
    add(text) {
      seen.add(text);
      if (seen.size <= most) return;
      for (const oldest of seen) {
        seen.delete(oldest);
        forgotten += 1;
        break;
      }
    },
    count: () => seen.size + forgotten,
  };
}

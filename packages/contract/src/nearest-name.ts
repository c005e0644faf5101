const LONGEST = 64;

/** The known name that `name` was probably meant to be: at most a third of its letters differ. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const folded = fold(name);
  const reach = Math.max(1, Math.floor(folded.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(folded, fold(candidate)) }))
    .filter((entry) => entry.distance <= reach)
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** `clientRef`, `Client-Ref` and `client_ref` are the same word. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, "");
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  let before = row;
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = swaps ? (before[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

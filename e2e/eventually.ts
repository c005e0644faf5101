import { setTimeout as pause } from "node:timers/promises";

const BETWEEN_MS = 50;

/** Looks until there is something to see, for what tells nobody when it changes. Throws what was seen last when it is too late. */
export async function eventually<Seen>(
  look: () => Promise<Seen>,
  wanted: (seen: Seen) => boolean,
  withinMs = 20_000,
): Promise<Seen> {
  const end = Date.now() + withinMs;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each look comes after the one before
    const seen = await look();
    if (wanted(seen)) return seen;
    if (Date.now() > end) throw new Error(`not in time: ${JSON.stringify(seen).slice(0, 2_000)}`);
    // oxlint-disable-next-line no-await-in-loop
    await pause(BETWEEN_MS);
  }
}

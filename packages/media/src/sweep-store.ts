import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { MediaStore } from "./media-store.ts";

export interface SweepDeps {
  readonly store: MediaStore;
  /** Which of these objects have a record? */
  readonly known: (names: readonly string[]) => Promise<readonly boolean[]>;
  /** What is younger may still get its record. */
  readonly orphanMs: number;
  readonly now: () => number;
}

const PER_QUESTION = 500;

/** Removes what a death left behind: objects that never got a record, and bytes that were on their way in. Resolves with their number. */
export async function sweepStore(deps: SweepDeps): Promise<number> {
  const { store, now, orphanMs } = deps;
  let removed = await sweepSpool(store.spool, now() - orphanMs);
  let names: string[] = [];
  const removeUnknown = async (): Promise<void> => {
    const known = await deps.known(names);
    const orphans = names.filter((_, index) => known[index] === false);
    names = [];
    await Promise.all(orphans.map((name) => store.remove(name)));
    removed += orphans.length;
  };
  for await (const { name, at } of store.list()) {
    if (at > now() - orphanMs) continue;
    names.push(name);
    if (names.length >= PER_QUESTION) await removeUnknown();
  }
  if (names.length > 0) await removeUnknown();
  return removed;
}

async function sweepSpool(folder: string, before: number): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const removals = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || !found.isFile() || found.mtimeMs > before) return 0;
    await rm(path, { force: true });
    return 1;
  });
  return (await Promise.all(removals)).reduce((sum: number, one) => sum + one, 0);
}

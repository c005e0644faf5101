import type { CredentialChanges, CredentialStore } from "./credentials.ts";
import type { Seal } from "./seal.ts";

/**
 * The records of one device in memory and their one writer: one write at a time, what changes meanwhile goes together into the next,
 * each is all or nothing. What could not be written stays due. A refused write is the last one.
 */
export interface Records {
  readonly get: (name: string) => Buffer | undefined;
  /** Absent: removes it. In the store with the next write. */
  readonly put: (name: string, value?: Buffer) => void;
  /** Resolves when everything put so far is in the store; rejects when the store failed or refused. */
  readonly write: () => Promise<void>;
  /** Removes everything, here and in the store. */
  readonly erase: () => Promise<"written" | "stale">;
  /** Forgets everything here, the store is not touched. */
  readonly clear: () => void;
  readonly size: () => { readonly records: number; readonly bytes: number };
}

export interface RecordsConfig {
  readonly store: CredentialStore;
  readonly seal: Seal;
  /** In the clear, encoded. */
  readonly loaded: Map<string, Buffer>;
  /** Names whose stored value is behind. */
  readonly due: Set<string>;
  /** Called before each write, to add to it; false: nothing is to be written yet. */
  readonly onWrite: (put: Records["put"]) => boolean;
  /** The store refused a write: somebody else owns the device. Called once. */
  readonly onStale: () => void;
}

export class StaleCredentialsError extends Error {
  override readonly name = "StaleCredentialsError";
}

export function openRecords({
  store,
  seal,
  loaded: kept,
  due,
  onWrite,
  onStale,
}: RecordsConfig): Records {
  let stale = false;
  let current: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  const put = (name: string, value?: Buffer): void => {
    if (value === undefined) kept.delete(name);
    else kept.set(name, value);
    due.add(name);
  };

  const clear = (): void => {
    kept.clear();
    due.clear();
  };

  const refuse = (): StaleCredentialsError => {
    const first = !stale;
    stale = true;
    if (first) onStale();
    return new StaleCredentialsError("the device has another owner");
  };

  const commit = async (): Promise<void> => {
    if (stale) throw refuse();
    if (!onWrite(put) || due.size === 0) return;
    const names = [...due];
    due.clear();
    const outcome = await store.write(sealed(names, kept, seal)).catch((error: unknown) => {
      for (const name of names) due.add(name);
      throw error;
    });
    if (outcome === "stale") throw refuse();
  };

  const write = (): Promise<void> => {
    next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined;
        current = commit();
        return current;
      });
    return next;
  };

  return {
    get: (name) => kept.get(name),
    put,
    write,
    clear,
    erase: async () => {
      await write().catch(() => {});
      const outcome = stale ? "stale" : await store.erase();
      if (outcome === "stale") refuse();
      else clear();
      return outcome;
    },
    size: () => ({
      records: kept.size,
      bytes: [...kept.values()].reduce((sum, value) => sum + value.length + seal.overheadBytes, 0),
    }),
  };
}

function sealed(
  names: readonly string[],
  kept: ReadonlyMap<string, Buffer>,
  seal: Seal,
): CredentialChanges {
  const set = new Map<string, Buffer>();
  const remove: string[] = [];
  for (const name of names) {
    const value = kept.get(name);
    if (value === undefined) remove.push(name);
    else set.set(name, seal.seal(name, value));
  }
  return { set, remove };
}

import type { CacheStore } from "@whiskeysockets/baileys";

/**
 * A small cache in the shape that Baileys asks for. One device keeps the same instance over all its sockets, so that a reconnect
 * forgets neither device lists nor retry counters. Entries end by age, the oldest also by number; there is no timer.
 */
export type MemoryCache = Required<Pick<CacheStore, "get" | "set" | "del" | "flushAll">>;

export function openMemoryCache(limits: {
  readonly ttlMs: number;
  readonly entries: number;
}): MemoryCache {
  const kept = new Map<string, { readonly value: unknown; readonly until: number }>();
  return {
    get: (key) => {
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      if (entry.until > Date.now()) return entry.value as never;
      kept.delete(key);
      return undefined;
    },
    set(key, value) {
      kept.delete(key);
      kept.set(key, { value, until: Date.now() + limits.ttlMs });
      const oldest = kept.keys().next();
      if (kept.size > limits.entries && oldest.done !== true) kept.delete(oldest.value);
    },
    del(key) {
      kept.delete(key);
    },
    flushAll() {
      kept.clear();
    },
  };
}

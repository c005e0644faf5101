/**
 * A small cache in the shape that Baileys asks for. One device keeps the same instance over all its sockets, so that a reconnect
 * forgets neither device lists nor retry counters. Entries end by age, the oldest also by number; there is no timer.
 */
export interface MemoryCache {
  get<T>(key: string): T | undefined;
  set<T>(key: string, value: T): void;
  del(key: string): void;
  flushAll(): void;
}

export function openMemoryCache(limits: {
  readonly ttlMs: number;
  readonly entries: number;
}): MemoryCache {
  const kept = new Map<string, { readonly value: unknown; readonly until: number }>();
  return {
    get<T>(key: string) {
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      if (entry.until > Date.now()) return entry.value as T;
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

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openMemoryCache } from "./memory-cache.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("an entry ends with its age", () => {
  const cache = openMemoryCache({ ttlMs: 1_000, entries: 10 });
  void cache.set("a", 1);
  expect(cache.get("a")).toBe(1);
  vi.advanceTimersByTime(1_000);
  expect(cache.get("a")).toBeUndefined();
});

test("the oldest entry makes room", () => {
  const cache = openMemoryCache({ ttlMs: 1_000, entries: 2 });
  for (const key of ["a", "b", "a", "c"]) void cache.set(key, key);
  expect(["a", "b", "c"].map((key) => cache.get(key))).toEqual(["a", undefined, "c"]);
});

test("what was deleted is gone", () => {
  const cache = openMemoryCache({ ttlMs: 1_000, entries: 2 });
  void cache.set("a", 1);
  void cache.set("b", 1);
  void cache.del("a");
  expect(cache.get("a")).toBeUndefined();
  void cache.flushAll();
  expect(cache.get("b")).toBeUndefined();
});

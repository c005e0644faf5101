import { useSyncExternalStore } from "react";
import { serverNow } from "../api/server-clock.ts";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = serverNow();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = serverNow();
  for (const each of listeners) each();
}

/** The server's time, once a second for the whole page; rounded down to whole steps, so that what shows minutes repaints each minute. */
export function useNow(stepMs = 1_000): number {
  return useSyncExternalStore(listen, () => {
    // Nobody may have listened for a while.
    if (timer === undefined) now = serverNow();
    return Math.floor(now / stepMs) * stepMs;
  });
}

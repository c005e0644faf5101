import type { PomboEvent } from "@pombo/sdk";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { pombo, queries } from "./client.ts";
import { isTick, openBundle } from "./event-bundle.ts";
import { type LiveState, openEventStream } from "./event-stream.ts";
import { isHeld, onHoldChange } from "./hold.ts";
import { loadSession, seesInstallation } from "./session.ts";

// Listeners get events in bundles, once a second at most, and none while the page is held (`hold.ts`).

const SUBJECTS = "device.*,batch.*,lane.*";
/** How often the server shows that the stream lives. */
const BEAT_S = 5;
const HIDDEN_MS = 10_000;
const BUNDLE_MS = 1_000;

type Listener = (events: readonly PomboEvent[]) => void;

const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
const bundle = openBundle();
let state: LiveState = { kind: "connecting" };

const stream = openEventStream({
  ask: async (cursor, signal) =>
    pombo.raw(
      "listEvents",
      { type: SUBJECTS, beat: BEAT_S, ...(await tickOf()) },
      {
        signal,
        accept: "text/event-stream",
        ...(cursor === undefined ? {} : { headers: { "last-event-id": cursor } }),
      },
    ),
  hear(event) {
    bundle.keep(event);
    // It comes once a second by itself: a worker that is lost is told a second sooner.
    if (isTick(event)) tell();
  },
  miss: () => void queries.invalidateQueries(),
  become,
});

function become(next: LiveState): void {
  state = next;
  for (const watcher of watchers) watcher();
}

/** Follows the stream as long as the frame is there. Returns what closes it. */
export function startLive(): () => void {
  let hiding: ReturnType<typeof setTimeout> | undefined;
  const onVisibility = (): void => {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = setTimeout(() => stream.hide(), HIDDEN_MS);
    } else if (!stream.isOpen()) {
      stream.open();
      void queries.invalidateQueries();
    }
  };
  const telling = setInterval(tell, BUNDLE_MS);
  const stopHold = onHoldChange(tell);
  document.addEventListener("visibilitychange", onVisibility);
  if (!document.hidden) stream.open();
  return () => {
    stream.hide();
    clearTimeout(hiding);
    clearInterval(telling);
    stopHold();
    document.removeEventListener("visibilitychange", onVisibility);
  };
}

/** Who may see the overview is told it with the rest. */
async function tickOf(): Promise<{ readonly overview?: "true" }> {
  const session = await loadSession();
  return session !== undefined && seesInstallation(session) ? { overview: "true" } : {};
}

function tell(): void {
  if (isHeld()) return;
  const { events, missed } = bundle.take();
  if (events.length === 0) return;
  for (const listener of listeners) listener(events);
  if (missed) void queries.invalidateQueries();
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

/** Hears `device.*`, `batch.*`, `lane.*`, and `overview` or `outage`, in bundles. For what follows from them: asking a query again, a mark on a row. */
export function useLive(hear: Listener): void {
  const latest = useRef(hear);
  useEffect(() => {
    latest.current = hear;
  });
  useEffect(() => {
    const listener: Listener = (events) => latest.current(events);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
}

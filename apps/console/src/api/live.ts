import { type PomboEvent, PomboError, readServerSentEvents } from "@pombo/sdk";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { pombo, queries } from "./client.ts";
import { isHeld, onHoldChange } from "./hold.ts";
import { loadSession, seesInstallation } from "./session.ts";

/**
 * The one stream of events of this tab.
 *
 * ```
 *  connecting ──first block──► live ──breaks──► connecting …        15 s without a sign of life: stopped, until one comes
 *      ▲                        │
 *      └────── shown again ── hidden (10 s out of sight: the connection is closed; on return everything is asked again, events go on
 *                                     behind the last cursor)
 * ```
 * Listeners get events in bundles, once a second at most, and none while the page is held (`hold.ts`).
 */
export type LiveState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "hidden" }
  | {
      readonly kind: "outage";
      /** ms since the epoch: the API lives, but Redis has not answered since */ readonly since: number;
    }
  | { readonly kind: "stopped"; /** ms since the epoch, of this machine */ readonly since: number };

const SUBJECTS = "device.*,batch.*,lane.*";
/** How often the server shows that the stream lives. */
const BEAT_S = 5;
const SILENCE_MS = 15_000;
const HIDDEN_MS = 10_000;
const BUNDLE_MS = 1_000;
const AGAIN_MS = 2_000;
/** Events that are kept while the page is held; with more, everything is asked again. */
const MOST_KEPT = 1_000;

type Listener = (events: readonly PomboEvent[]) => void;

const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let state: LiveState = { kind: "connecting" };
let cursor: string | undefined;
let lastBeat = 0;
let outageSince: number | undefined;
let bundle: PomboEvent[] = [];
/** More came than was kept. */
let missed = false;

function become(next: LiveState): void {
  if (next.kind === state.kind) return;
  state = next;
  for (const watcher of watchers) watcher();
}

/** Opens the stream as long as the frame is there. Returns what closes it. */
export function startLive(): () => void {
  let connection: AbortController | undefined;
  let hiding: ReturnType<typeof setTimeout> | undefined;
  const open = (): void => {
    connection?.abort();
    connection = new AbortController();
    lastBeat = Date.now();
    outageSince = undefined;
    become({ kind: "connecting" });
    void follow(connection.signal);
  };
  const onVisibility = (): void => {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = setTimeout(() => {
        connection?.abort();
        connection = undefined;
        become({ kind: "hidden" });
      }, HIDDEN_MS);
    } else if (connection === undefined) {
      open();
      void queries.invalidateQueries();
    }
  };
  const watch = setInterval(() => {
    if (connection !== undefined && Date.now() - lastBeat >= SILENCE_MS)
      become({ kind: "stopped", since: lastBeat });
    tell();
  }, BUNDLE_MS);
  const stopHold = onHoldChange(tell);
  document.addEventListener("visibilitychange", onVisibility);
  if (!document.hidden) open();
  return () => {
    connection?.abort();
    clearTimeout(hiding);
    clearInterval(watch);
    stopHold();
    document.removeEventListener("visibilitychange", onVisibility);
  };
}

/** Reads the stream, again and again behind the last cursor, until the signal aborts. */
async function follow(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      await readOnce(signal);
    } catch (error) {
      if (signal.aborted) return;
      // The session has ended: the frame leads to the sign-in.
      if (error instanceof PomboError && error.status === 401) return;
      if (error instanceof PomboError && error.status === 400) forgetPlace();
    }
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** The event log does not know the place any more: its Redis was replaced by a backup, or emptied. */
function forgetPlace(): void {
  cursor = undefined;
  void queries.invalidateQueries();
}

async function readOnce(signal: AbortSignal): Promise<void> {
  const silent = new AbortController();
  const begunAt = Date.now();
  const deaf = setInterval(() => {
    if (Date.now() - Math.max(lastBeat, begunAt) >= 2 * SILENCE_MS) silent.abort();
  }, BUNDLE_MS);
  try {
    const response = await pombo.raw(
      "listEvents",
      { type: SUBJECTS, beat: BEAT_S, ...(await tickOf()) },
      {
        signal: AbortSignal.any([signal, silent.signal]),
        accept: "text/event-stream",
        ...(cursor === undefined ? {} : { headers: { "last-event-id": cursor } }),
      },
    );
    lastBeat = Date.now();
    for await (const block of readServerSentEvents(response.body ?? new ReadableStream())) {
      lastBeat = Date.now();
      cursor = block.id ?? cursor;
      if (block.event === "gap") void queries.invalidateQueries();
      else if (block.data !== undefined && block.event !== "closing" && block.event !== "ended")
        keep(JSON.parse(block.data) as PomboEvent);
      become(outageSince === undefined ? { kind: "live" } : { kind: "outage", since: outageSince });
    }
  } finally {
    clearInterval(deaf);
    silent.abort();
  }
}

/** Who may see the overview is told it with the rest. */
async function tickOf(): Promise<{ readonly overview?: "true" }> {
  const session = await loadSession();
  return session !== undefined && seesInstallation(session) ? { overview: "true" } : {};
}

const TICKS: ReadonlySet<string> = new Set(["overview", "outage"]);

/** Of the overview only the last counts. */
function keep(event: PomboEvent): void {
  const isTick = TICKS.has(event.type);
  if (isTick) {
    bundle = bundle.filter(({ type }) => !TICKS.has(type));
    outageSince = event.type === "outage" ? Date.parse(String(event.data["since"])) : undefined;
  }
  if (bundle.length >= MOST_KEPT) {
    missed = true;
    bundle = bundle.filter(({ type }) => TICKS.has(type));
  }
  bundle.push(event);
  // It comes once a second by itself: a worker that is lost is told a second sooner.
  if (isTick) tell();
}

function tell(): void {
  if (isHeld() || bundle.length === 0) return;
  const events = bundle;
  bundle = [];
  for (const listener of listeners) listener(events);
  if (missed) void queries.invalidateQueries();
  missed = false;
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

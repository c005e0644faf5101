import { type PomboEvent, PomboError, readServerSentEvents } from "@pombo/sdk";

/**
 * ```
 *  connecting ──first block──► live ──breaks──► connecting …        15 s without a sign of life: stopped, until one comes
 *      ▲                        │
 *      └────── shown again ── hidden (10 s out of sight: the connection is closed; on return everything is asked again, events go on
 *                                     behind the last cursor)
 * ```
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

export interface EventStreamDeps {
  /** Asks for the events behind a cursor; without one, for those from now on. */
  readonly ask: (cursor: string | undefined, signal: AbortSignal) => Promise<Response>;
  readonly hear: (event: PomboEvent) => void;
  /** Events are lost: everything has to be asked for again. */
  readonly miss: () => void;
  readonly become: (state: LiveState) => void;
}

export interface EventStream {
  /** Connects behind the last cursor, and again whenever the connection breaks. */
  readonly open: () => void;
  readonly isOpen: () => boolean;
  /** Nobody looks: the connection is closed, the place is kept. */
  readonly hide: () => void;
}

/** A stream and where it is. */
interface Following extends EventStreamDeps {
  state: LiveState;
  cursor: string | undefined;
  lastBeat: number;
  outageSince: number | undefined;
}

const SILENCE_MS = 15_000;
const LOOK_MS = 1_000;
/** Between two connections: it doubles with each that fails, and is shorter by chance, so that not all tabs ask at once. */
const AGAIN_MS = 2_000;
const LONGEST_MS = 8_000;

/** The one stream of events of this tab. */
export function openEventStream(deps: EventStreamDeps): EventStream {
  const start = { state: { kind: "hidden" }, cursor: undefined, lastBeat: 0 } as const;
  const on: Following = { ...deps, ...start, outageSince: undefined };
  let connection: AbortController | undefined;
  let watch: ReturnType<typeof setInterval> | undefined;
  const end = (): void => {
    connection?.abort();
    connection = undefined;
    clearInterval(watch);
  };
  return {
    open() {
      end();
      connection = new AbortController();
      on.lastBeat = Date.now();
      on.outageSince = undefined;
      become(on, { kind: "connecting" });
      watch = setInterval(() => {
        if (Date.now() - on.lastBeat >= SILENCE_MS)
          become(on, { kind: "stopped", since: on.lastBeat });
      }, LOOK_MS);
      void follow(on, connection.signal);
    },
    isOpen: () => connection !== undefined,
    hide() {
      end();
      become(on, { kind: "hidden" });
    },
  };
}

function become(on: Following, next: LiveState): void {
  if (next.kind === on.state.kind) return;
  on.state = next;
  on.become(next);
}

/** Reads the stream, again and again behind the last cursor, until the signal aborts. */
async function follow(on: Following, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const beat = on.lastBeat;
    try {
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      await readOnce(on, signal);
    } catch (error) {
      // The session has ended: the frame leads to the sign-in.
      if (error instanceof PomboError && error.status === 401) return;
      if (error instanceof PomboError && error.status === 400) forgetPlace(on);
    }
    if (signal.aborted) return;
    if (on.state.kind === "live") become(on, { kind: "connecting" });
    failures = on.lastBeat > beat ? 1 : failures + 1;
    const longest = Math.min(LONGEST_MS, AGAIN_MS * 2 ** (failures - 1));
    // oxlint-disable-next-line no-await-in-loop
    await pause((longest * (1 + Math.random())) / 2, signal);
  }
}

/** The event log does not know the place any more: its Redis was replaced by a backup, or emptied. */
function forgetPlace(on: Following): void {
  on.cursor = undefined;
  on.miss();
}

async function readOnce(on: Following, signal: AbortSignal): Promise<void> {
  const silent = new AbortController();
  const begunAt = Date.now();
  const deaf = setInterval(() => {
    if (Date.now() - Math.max(on.lastBeat, begunAt) >= 2 * SILENCE_MS) silent.abort();
  }, LOOK_MS);
  try {
    const response = await on.ask(on.cursor, AbortSignal.any([signal, silent.signal]));
    on.lastBeat = Date.now();
    for await (const block of readServerSentEvents(response.body ?? new ReadableStream())) {
      if (signal.aborted) return;
      on.lastBeat = Date.now();
      on.cursor = block.id ?? on.cursor;
      if (block.event === "gap") on.miss();
      else if (block.data !== undefined && block.event !== "closing" && block.event !== "ended")
        read(on, JSON.parse(block.data) as PomboEvent);
      const since = on.outageSince;
      become(on, since === undefined ? { kind: "live" } : { kind: "outage", since });
    }
  } finally {
    clearInterval(deaf);
    silent.abort();
  }
}

function read(on: Following, event: PomboEvent): void {
  if (event.type === "outage") on.outageSince = Date.parse(String(event.data["since"]));
  else if (event.type === "overview") on.outageSince = undefined;
  on.hear(event);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

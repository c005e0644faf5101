export interface Source<Value> {
  /** Calls back when something may have changed; returns how to stop. Lossy. */
  subscribe(ring: () => void): () => void;
  /** Resolves when `subscribe` is heard. */
  listening(): Promise<void>;
  read(): Promise<Value>;
}

export interface Patience<Value> {
  done(value: Value): boolean;
  readonly ms: number;
  /** Ends the wait early; the answer is then what is known. */
  readonly signal: AbortSignal;
  /** How long to trust the subscription before looking again without it. */
  readonly lookAgainMs?: number;
}

/** Live events may be lost: whoever waits also looks again by itself. */
const LOOK_AGAIN_MS = 4_000;

/**
 * Waits until a value is as wanted, or the time is up, or the signal ends it; returns the value as last read.
 * It subscribes before it reads, so that no change falls between, and reads again before it answers.
 */
export async function awaitChange<Value>(
  source: Source<Value>,
  patience: Patience<Value>,
): Promise<Value> {
  const { signal, lookAgainMs = LOOK_AGAIN_MS } = patience;
  const bell = openBell(signal);
  const stop = source.subscribe(bell.ring);
  const deadline = performance.now() + patience.ms;
  try {
    if (patience.ms > 0) await source.listening();
    for (;;) {
      bell.reset();
      // oxlint-disable-next-line no-await-in-loop -- one look after the other is the point
      const value = await source.read();
      const left = deadline - performance.now();
      if (patience.done(value) || left <= 0 || signal.aborted) return value;
      // oxlint-disable-next-line no-await-in-loop
      await bell.rung(Math.min(left, lookAgainMs));
    }
  } finally {
    stop();
    bell.close();
  }
}

/** Rings on an event or when the signal aborts; a ring while nobody listens is kept for the next listener. */
function openBell(signal: AbortSignal) {
  let { promise, resolve } = Promise.withResolvers<void>();
  const ring = (): void => resolve();
  signal.addEventListener("abort", ring);
  return {
    ring,
    reset(): void {
      ({ promise, resolve } = Promise.withResolvers<void>());
    },
    async rung(ms: number): Promise<void> {
      const timer = setTimeout(ring, ms);
      await promise;
      clearTimeout(timer);
    },
    close(): void {
      signal.removeEventListener("abort", ring);
    },
  };
}

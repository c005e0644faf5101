/** Lets so many run at a time, in the order in which they came. */
export interface Slots {
  /** Resolves when there is room; the returned function gives it back. Rejects when `signal` is aborted before. */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(most: number): Slots {
  let free = most;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else await turnOf(waiting, signal);
      let given = false;
      return () => {
        if (!given) release();
        given = true;
      };
    },
  };
}

async function turnOf(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const come = (): void => {
    signal.removeEventListener("abort", leave);
    resolve();
  };
  const leave = (): void => {
    waiting.splice(waiting.indexOf(come), 1);
    reject(signal.reason);
  };
  waiting.push(come);
  signal.addEventListener("abort", leave, { once: true });
  return promise;
}

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

/** Room for the work on media: what goes to WhatsApp, and what comes from the hosts of URLs. */
export interface MediaSlots {
  readonly upload: Slots;
  readonly fetch: HostSlots;
}

export interface HostSlots {
  /** As that of slots; of one host no more than its share run at a time. */
  take(host: string, signal: AbortSignal): Promise<() => void>;
}

export function createHostSlots(most: number, share: number): HostSlots {
  const all = createSlots(most);
  const hosts = new Map<string, { readonly slots: Slots; users: number }>();
  return {
    async take(host, signal) {
      const own = hosts.get(host) ?? { slots: createSlots(share), users: 0 };
      hosts.set(host, own);
      own.users += 1;
      const leaveHost = (): void => {
        own.users -= 1;
        if (own.users === 0) hosts.delete(host);
      };
      const held = [leaveHost];
      const release = (): void => {
        for (const leave of held.splice(0)) leave();
      };
      try {
        held.push(await own.slots.take(signal));
        held.push(await all.take(signal));
        return release;
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

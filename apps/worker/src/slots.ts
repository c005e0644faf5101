/** Lets so many run at a time, in the order in which they came. */
export interface Slots {
  /** Resolves when there is room; the returned function gives it back. */
  take(): Promise<() => void>;
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
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => void waiting.push(resolve));
      let given = false;
      return () => {
        if (!given) release();
        given = true;
      };
    },
  };
}

/** Room for the work on media: what goes to WhatsApp, and what comes from the hosts of URLs. */
export interface MediaSlots {
  readonly upload: Slots;
  readonly fetch: HostSlots;
}

export interface HostSlots {
  /** As that of slots; of one host no more than its share run at a time. */
  take(host: string): Promise<() => void>;
}

export function createHostSlots(most: number, share: number): HostSlots {
  const all = createSlots(most);
  const hosts = new Map<string, { readonly slots: Slots; users: number }>();
  return {
    async take(host) {
      const own = hosts.get(host) ?? { slots: createSlots(share), users: 0 };
      hosts.set(host, own);
      own.users += 1;
      const leaveHost = await own.slots.take();
      const leave = await all.take();
      let given = false;
      return () => {
        if (given) return;
        given = true;
        leave();
        leaveHost();
        own.users -= 1;
        if (own.users === 0) hosts.delete(host);
      };
    },
  };
}

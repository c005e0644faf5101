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

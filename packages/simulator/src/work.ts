/** Promises started on the side; closing waits for them. A failure is reported, never thrown at nobody. */
export interface Work {
  add(work: () => Promise<void>): void;
  settled(): Promise<void>;
}

export function openWork(onFailed: (error: unknown) => void): Work {
  const running = new Set<Promise<void>>();
  return {
    add(work) {
      const run = work()
        .catch(onFailed)
        .finally(() => running.delete(run));
      running.add(run);
    },
    async settled() {
      // Work in hand may start more work.
      // eslint-disable-next-line no-await-in-loop
      while (running.size > 0) await Promise.all(running);
    },
  };
}

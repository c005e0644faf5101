/** Wakes one waiting loop. A call while nobody waits is kept, so that no wake is lost. */
export interface Latch {
  wake(): void;
  /** Resolves at the next wake, or after `ms`. */
  wait(ms: number): Promise<void>;
}

export function createLatch(): Latch {
  let woken = false;
  let release: (() => void) | undefined;
  return {
    wake() {
      woken = true;
      release?.();
    },
    async wait(ms) {
      if (!woken && ms > 0)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          release = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      release = undefined;
      woken = false;
    },
  };
}

export interface Repetition {
  /** No further run; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** Runs work again and again, `ms` after its last end; a failure is reported and stops nothing. */
export function every(
  ms: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Repetition {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const schedule = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = work().catch(onError).finally(schedule);
    }, ms);
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

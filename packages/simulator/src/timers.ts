/** Owns every timer of one simulator, so that closing it leaves none behind. */
export interface Timers extends Disposable {
  /** Runs `work` once after `ms`; the returned function cancels it. A timer asked for after closing never fires. */
  after(ms: number, work: () => void): () => void;
}

export function openTimers(): Timers {
  const running = new Set<NodeJS.Timeout>();
  let closed = false;
  return {
    after(ms, work) {
      if (closed) return () => {};
      const timer = setTimeout(() => {
        running.delete(timer);
        work();
      }, ms);
      running.add(timer);
      return () => {
        running.delete(timer);
        clearTimeout(timer);
      };
    },
    [Symbol.dispose]() {
      closed = true;
      for (const timer of running) clearTimeout(timer);
      running.clear();
    },
  };
}

/** Short lines for a person who waits: `✓ redis 0.2 s`, and now and then what a long step is doing. */
export interface Progress {
  say(line: string): void;
  /** Runs a step and tells how long it took; `tell` describes what it is busy with. */
  step<Result>(
    name: string,
    work: (tell: (what: string) => void) => Promise<Result>,
  ): Promise<Result>;
}

const PATIENCE_MS = 3_000;

export function openProgress(write: (line: string) => void): Progress {
  return {
    say: write,
    async step(name, work) {
      const started = performance.now();
      let busyWith = "";
      const elapsed = (): string => `${((performance.now() - started) / 1_000).toFixed(1)} s`;
      const still = setInterval(() => {
        write(`… ${name} ${elapsed()}${busyWith === "" ? "" : `: ${busyWith}`}`);
      }, PATIENCE_MS);
      try {
        const result = await work((what) => (busyWith = what));
        write(`✓ ${name} ${elapsed()}`);
        return result;
      } finally {
        clearInterval(still);
      }
    },
  };
}

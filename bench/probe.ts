/**
 * Loaded into every measured program by `node --expose-gc --import`: tells the bench, when asked over the IPC channel, what the
 * program has used. The program itself knows nothing of it.
 */
export interface Usage {
  /** CPU of all threads since its start, ms */
  readonly cpuMs: number;
  /** bytes */
  readonly rss: number;
  readonly heap: number;
}

interface Asked {
  readonly bench: number;
  readonly kind: string;
}

process.on("message", (message: Asked) => {
  if (message.kind === "usage") answer(message.bench);
  if (message.kind === "settled usage") {
    // Twice: what finalizers let go is only collected the second time.
    globalThis.gc?.();
    globalThis.gc?.();
    answer(message.bench);
  }
});

function answer(bench: number): void {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const value: Usage = { cpuMs: (user + system) / 1_000, rss, heap: heapUsed + external };
  process.send?.({ bench, value });
}

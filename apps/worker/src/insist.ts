import { setTimeout as pause } from "node:timers/promises";
import { mayPass } from "./may-pass.ts";

export interface InsistDeps {
  /** Between two tries. */
  readonly againMs: number;
  /** Once it is aborted, there is one try more. */
  readonly signal: AbortSignal;
  /** Of each try that is not the last one. */
  readonly onRefused: (error: unknown) => void;
}

/** Does what must be done: tries until it is done. Throws what no other try would mend; and what the last try threw, when the signal was aborted before. */
export async function insist<Done>(work: () => Promise<Done>, deps: InsistDeps): Promise<Done> {
  const { againMs, signal, onRefused } = deps;
  for (;;) {
    const isLast = signal.aborted;
    try {
      // oxlint-disable-next-line no-await-in-loop -- try after try
      return await work();
    } catch (error) {
      if (isLast || !mayPass(error)) throw error;
      onRefused(error);
      // oxlint-disable-next-line no-await-in-loop
      await pause(againMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

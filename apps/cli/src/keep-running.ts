import { setTimeout as pause } from "node:timers/promises";

import type { Progress } from "./progress.ts";

/** A process that runs now. */
export interface Running extends AsyncDisposable {
  /** null: not ours to name */
  readonly pid: number | null;
  /** resolves when it has ended, for whatever reason */
  readonly closed: Promise<Ended>;
}

export interface Ended {
  /** for people, for example `SIGKILL` */
  readonly how: string;
  /** of its log */
  readonly lastWords: string;
}

/** A process that is brought back when it dies. */
export interface Kept<One extends Running> extends AsyncDisposable {
  /** undefined between its death and its return */
  current(): One | undefined;
}

export interface Keeping<One extends Running> {
  readonly name: string;
  start(signal: AbortSignal): Promise<One>;
  /** after it died and after it returned */
  readonly onChange: () => void;
  readonly progress: Progress;
  /** undefined: a dead process stays dead */
  readonly restartAfterMs: number | undefined;
}

/**
 * running ── died ──► waiting ── after restartAfterMs ──► starting ── ready ──► running
 *    │                   │  ▲                                │
 *    │                   │  └──────────── failed ────────────┘
 *    └── disposed ──► gone ◄── disposed ── (from every state)
 *
 * @throws what `start` throws the first time; later failures are said and tried again
 */
export async function keepRunning<One extends Running>(
  keeping: Keeping<One>,
  signal: AbortSignal,
): Promise<Kept<One>> {
  const ending = new AbortController();
  let current: One | undefined = await keeping.start(signal);

  async function watch(first: One): Promise<void> {
    for (let one: One | undefined = first; one !== undefined; one = current) {
      const ended = await one.closed;
      if (ending.signal.aborted) return;
      current = undefined;
      keeping.onChange();
      tellDeath(keeping, ended);
      current = await startAgain(keeping, ending.signal);
      if (current !== undefined) keeping.onChange();
    }
  }

  const watching = watch(current);
  return {
    current: () => current,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await current?.[Symbol.asyncDispose]();
      await watching;
      await current?.[Symbol.asyncDispose](); // it may have come back just then
    },
  };
}

function tellDeath(keeping: Keeping<Running>, ended: Ended): void {
  const after = keeping.restartAfterMs;
  const next = after === undefined ? "" : `; back in ${after / 1_000} s`;
  if (ended.lastWords !== "") keeping.progress.say(ended.lastWords);
  keeping.progress.say(`✗ ${keeping.name} ended with ${ended.how}${next}`);
}

async function startAgain<One extends Running>(
  keeping: Keeping<One>,
  signal: AbortSignal,
): Promise<One | undefined> {
  if (keeping.restartAfterMs === undefined) return undefined;
  for (;;) {
    try {
      await pause(keeping.restartAfterMs, undefined, { signal });
      return await keeping.progress.step(`${keeping.name} again`, () => keeping.start(signal));
    } catch (error) {
      if (signal.aborted) return undefined;
      keeping.progress.say(error instanceof Error ? error.message : String(error));
    }
  }
}

import { mkdir, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { writeAtomic } from "./write-atomic.ts";

/** What other programs need to know about a running Pombo. */
export interface Ready {
  /** of the first API process */
  readonly api_url: string;
  readonly api_urls: readonly string[];
  readonly api_key: string;
  /** null: nothing was paired beforehand */
  readonly device_id: string | null;
  /** the sandbox device's own number */
  readonly phone: string | null;
  readonly simulator_url: string | null;
  readonly control_url: string | null;
  readonly redis_url: string;
  /** only processes that live now */
  readonly pids: {
    readonly api: readonly number[];
    readonly worker: readonly number[];
    readonly notifier: readonly number[];
    readonly redis: number | null;
    readonly simulator: number | null;
  };
}

export interface ReadyFile extends AsyncDisposable {
  write(ready: Ready): Promise<void>;
}

/** A file that exists while everything runs: what a crashed run left is removed at once, and ours when disposed. */
export async function openReadyFile(path: string | undefined): Promise<ReadyFile> {
  if (path === undefined)
    return { write: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  const file = resolve(path);
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  let last = Promise.resolve();
  let closed = false;
  const inTurn = (work: () => Promise<void>): Promise<void> => (last = last.then(work, work));
  return {
    write: (ready) =>
      inTurn(async () => {
        if (!closed) await writeAtomic(file, `${JSON.stringify(ready, null, 2)}\n`);
      }),
    async [Symbol.asyncDispose]() {
      closed = true;
      await inTurn(() => rm(file, { force: true }));
    },
  };
}

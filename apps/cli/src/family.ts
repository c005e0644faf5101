import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import { readIfThere } from "./data-folder.ts";
import { writeAtomic } from "./write-atomic.ts";

/**
 * The processes of one run, written down so that the next run can end those that outlived it: two workers or two simulators of
 * different runs on one folder would fight. Each carries the run's name in its environment, since a pid alone may by now belong
 * to a stranger.
 */
export interface Family {
  /** goes into every child's environment as POMBO_RUN */
  readonly run: string;
  remember(pids: readonly number[]): Promise<void>;
}

interface Remembered {
  readonly run: string;
  readonly pids: readonly number[];
}

const PATIENCE_MS = 5_000;
const BETWEEN_MS = 50;

/** Starts a new family, after the last one of this file is gone. */
export async function openFamily(file: string): Promise<Family> {
  await endFamily(await remembered(file));
  const run = randomBytes(12).toString("hex");
  let last = Promise.resolve();
  return {
    run,
    remember(pids) {
      const write = (): Promise<void> => writeAtomic(file, JSON.stringify({ run, pids }));
      // One that failed, where the disk was full, does not end those after it.
      return (last = last.then(write, write));
    },
  };
}

/** They end by themselves when their parent is gone; who has not after five seconds is killed. */
async function endFamily(family: Remembered): Promise<void> {
  const killAt = performance.now() + PATIENCE_MS;
  for (const pid of family.pids) {
    while (await isOf(family.run, pid)) {
      if (performance.now() > killAt) process.kill(pid, "SIGKILL");
      await pause(BETWEEN_MS);
    }
  }
}

/** Only Linux shows the environment of a process; elsewhere they are left to end by themselves. */
async function isOf(run: string, pid: number): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return environment.split("\0").includes(`POMBO_RUN=${run}`);
}

async function remembered(file: string): Promise<Remembered> {
  const text = await readIfThere(file);
  return text === undefined ? { run: "", pids: [] } : (JSON.parse(text) as Remembered);
}

import { setTimeout as pause } from "node:timers/promises";
import type { Pombo } from "../pombo.ts";

/** What the simulator noted; only the fields that are judged. */
export interface LogEntry {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly device?: string;
  readonly id?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly error?: number;
  readonly count?: number;
}

export interface LogFollower {
  /** Everything up to now. */
  stop(): Promise<readonly LogEntry[]>;
}

const JUDGED = new Set(["message", "ack", "shown", "unreadable", "close", "login", "dropped"]);
const EVERY_MS = 1_000;

/** Reads the simulator's log from now on as it grows: it keeps only the newest entries itself. */
export async function followLog(pombo: Pombo): Promise<LogFollower> {
  const kept: LogEntry[] = [];
  const ended = new AbortController();
  const earlier = await pombo.control<readonly LogEntry[]>("GET", "/admin/log?after=0");
  let after = earlier.at(-1)?.seq ?? 0;
  const read = async (): Promise<void> => {
    const page = await pombo.control<readonly LogEntry[]>("GET", `/admin/log?after=${after}`);
    for (const entry of page) if (JUDGED.has(entry.kind)) kept.push(entry);
    after = page.at(-1)?.seq ?? after;
  };
  const follow = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- page after page
      await read();
      // oxlint-disable-next-line no-await-in-loop
      await pause(EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
    await read();
  };
  const following = follow();
  return {
    async stop() {
      ended.abort();
      await following;
      return kept;
    },
  };
}

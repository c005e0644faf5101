import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import { askRedis, type RedisAddress } from "./ask-redis.ts";
import { type Lifeline, spawnOnLifeline } from "./lifeline.ts";

export interface RedisServer extends AsyncDisposable {
  /** with the password */
  readonly url: string;
  readonly port: number;
  /** of the server itself; for a container, of the server inside it */
  readonly pid: number;
  /** resolves when the server has ended, for whatever reason */
  readonly closed: Promise<void>;
}

export interface RedisStart {
  readonly line: Omit<Lifeline, "output">;
  readonly address: RedisAddress;
  readonly logFile: string;
  readonly onLoading: ((percent: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

export type RedisStarted =
  | { readonly kind: "server"; readonly server: RedisServer }
  | { readonly kind: "failed"; readonly portTaken: boolean; readonly says: string };

const ASK_EVERY_MS = 15;
const LOG_LINES = 6;

/** Starts the program and waits until it answers or ends. Reading a long append-only file may take as long as it takes. */
export async function startRedis(start: RedisStart): Promise<RedisStarted> {
  await using log = await open(start.logFile, "w", 0o600);
  const child = spawnOnLifeline({ ...start.line, output: log.fd });
  const closed = once(child, "close").then(
    () => undefined,
    () => undefined,
  );
  const giveUp = (): void => void child.stdin?.destroy();
  start.signal?.addEventListener("abort", giveUp, { once: true });
  const pid = await answering(start, closed);
  start.signal?.removeEventListener("abort", giveUp);
  if (start.signal?.aborted === true) {
    giveUp();
    await closed;
  }
  if (pid === undefined) return { kind: "failed", ...(await lastWords(start.logFile)) };
  const { port, password } = start.address;
  const close = async (): Promise<void> => {
    child.stdin?.destroy();
    await closed;
  };
  const url = `redis://:${password}@127.0.0.1:${port}`;
  return { kind: "server", server: { url, port, pid, closed, [Symbol.asyncDispose]: close } };
}

/** The pid of the server once it is ready; undefined when it ended before. */
async function answering(start: RedisStart, closed: Promise<void>): Promise<number | undefined> {
  const ended = { now: false };
  void closed.then(() => (ended.now = true));
  while (!ended.now) {
    const answer = await askRedis(start.address);
    if (answer.kind === "ready") return answer.pid;
    if (answer.kind === "loading") start.onLoading?.(answer.percent);
    await pause(ASK_EVERY_MS);
  }
  return undefined;
}

async function lastWords(logFile: string): Promise<{ portTaken: boolean; says: string }> {
  const log = await readFile(logFile, "utf8");
  const says = log.trimEnd().split("\n").slice(-LOG_LINES).join("\n");
  return { portTaken: /address already in use|port is already allocated/i.test(log), says };
}

import { type ChildProcess, spawn } from "node:child_process";

import { CannotStart } from "./cannot-start.ts";
import type { Environment } from "./config.ts";
import { lastLines, openLogFile, sizeOf } from "./log-file.ts";
import type { Running } from "./keep-running.ts";

/**
 * A program of ours as a child process.
 *
 *   started ─► ready     it sends {kind: "ready", …} over the IPC channel
 *          └─► ended     before that: the start has failed
 *   ready   ─► ended     by SIGTERM, by itself, or because the channel closed with us
 */
export interface ChildSpec {
  /** for people, for example `worker 1` */
  readonly name: string;
  /** path of its main.ts */
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly logFile: string;
}

export interface Child extends Running {
  readonly pid: number;
  /** what it said when it was ready */
  readonly ready: ReadyMessage;
}

export type ReadyMessage = Readonly<Record<string, unknown>> & { readonly kind: "ready" };

const READY_WAIT_MS = 60_000;
const STOP_WAIT_MS = 15_000;
const SHOWN_LINES = 12;

/** @throws CannotStart with the last lines of its log when it ends, or says nothing for a minute, before it is ready */
export async function startChild(spec: ChildSpec, signal: AbortSignal): Promise<Child> {
  signal.throwIfAborted();
  await using log = await openLogFile(spec.logFile);
  const from = await sizeOf(spec.logFile);
  const words = (): Promise<string> => lastLines(spec.logFile, from, SHOWN_LINES);
  const child = spawn(process.execPath, [spec.file, ...spec.args], {
    env: spec.environment,
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  const ended = endOf(child);
  const closed = ended.then(async (how) => ({ how, lastWords: await words() }));
  const stop = (): Promise<void> => stopChild(child, ended);
  const first = await firstWord(child, ended, signal);
  if (first.kind === "ready" && child.pid !== undefined)
    return { pid: child.pid, ready: first, closed, [Symbol.asyncDispose]: stop };
  await stop();
  signal.throwIfAborted();
  const why = first.kind === "failed" ? first.why : "it has no pid";
  throw new CannotStart(`${await words()}\n${spec.name} did not start: ${why}.`);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code ?? "unknown"}`));
  });
}

type FirstWord = ReadyMessage | { readonly kind: "failed"; readonly why: string };

/** The ready message, or why there will be none. */
async function firstWord(
  child: ChildProcess,
  ended: Promise<string>,
  signal: AbortSignal,
): Promise<FirstWord> {
  return await new Promise((resolve) => {
    const late = setTimeout(() => fail("it was not ready within a minute"), READY_WAIT_MS);
    const onAbort = (): void => fail("it was stopped");
    const onMessage = (message: unknown): void => {
      if (isReady(message)) settle(message);
    };
    const settle = (result: FirstWord): void => {
      clearTimeout(late);
      signal.removeEventListener("abort", onAbort);
      child.off("message", onMessage);
      resolve(result);
    };
    const fail = (why: string): void => settle({ kind: "failed", why });
    if (signal.aborted) onAbort(); // while the log was being opened
    signal.addEventListener("abort", onAbort, { once: true });
    child.on("message", onMessage);
    void ended.then((how) => fail(`it ended with ${how}`));
  });
}

function isReady(message: unknown): message is ReadyMessage {
  return (
    typeof message === "object" && message !== null && "kind" in message && message.kind === "ready"
  );
}

async function stopChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_WAIT_MS);
  await ended;
  clearTimeout(late);
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cleanEnvironment } from "./config.ts";
import type { Usage } from "./probe.ts";

export interface ProgramSpec {
  readonly name: string;
  /** its main file, from the root of the repository */
  readonly file: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** flags of Node itself */
  readonly flags?: readonly string[];
  readonly logFolder: string;
}

/** A measured child process. It ends when it is disposed, or when the bench dies: its IPC channel is its life line. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Asks over the IPC channel; rejects when the program answers with an error, ends, or says nothing in time. */
  ask<Answer>(kind: string, data?: unknown): Promise<Answer>;
  usage(): Promise<Usage>;
  /** After a full garbage collection. */
  settledUsage(): Promise<Usage>;
}

export const ROOT = join(import.meta.dirname, "..");
const READY_MS = 60_000;
const ANSWER_MS = 180_000;
const STOP_MS = 20_000;

/** @throws Error with the end of its log when it is not ready within a minute */
export async function startProgram(spec: ProgramSpec): Promise<Program> {
  const logFile = join(spec.logFolder, `${spec.name}.log`);
  await using log = await open(logFile, "a");
  const child = spawn(
    process.execPath,
    [
      "--expose-gc",
      ...(spec.flags ?? []),
      "--import",
      join(import.meta.dirname, "probe.ts"),
      join(ROOT, spec.file),
      ...(spec.args ?? []),
    ],
    {
      cwd: ROOT,
      env: { ...cleanEnvironment(), ...spec.env },
      stdio: ["ignore", log.fd, log.fd, "ipc"],
    },
  );
  const ended = endOf(child);
  const answers = openAnswers(child, ended);
  const lastWords = async (): Promise<string> => (await readFile(logFile, "utf8")).slice(-1_500);
  const ask = async <Answer>(kind: string, data?: unknown): Promise<Answer> => {
    try {
      return (await answers.ask(kind, data)) as Answer;
    } catch (error) {
      throw new Error(
        `${spec.name}, asked for ${kind}: ${messageOf(error)}\n${await lastWords()}`,
        { cause: error },
      );
    }
  };
  const stop = (): Promise<void> => stopChild(child, ended);
  try {
    const ready = await answers.ready;
    return {
      pid: child.pid ?? 0,
      ready,
      ask,
      usage: () => ask<Usage>("usage"),
      settledUsage: () => ask<Usage>("settled usage"),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${spec.name}: ${messageOf(error)}\n${await lastWords()}`, { cause: error });
  }
}

function openAnswers(child: ChildProcess, ended: Promise<string>) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const ready = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  const late = setTimeout(() => ready.reject(new Error("not ready in time")), READY_MS);
  let asked = 0;
  child.on(
    "message",
    (message: { kind?: string; bench?: number; value?: unknown; error?: string }) => {
      if (message.kind === "ready") {
        clearTimeout(late);
        ready.resolve(message);
      }
      if (message.bench === undefined) return;
      const one = waiting.get(message.bench);
      if (message.error === undefined) one?.resolve(message.value);
      else one?.reject(new Error(message.error));
    },
  );
  const end = async (): Promise<void> => {
    const how = await ended;
    clearTimeout(late);
    for (const one of [ready, ...waiting.values()]) one.reject(new Error(`it ended with ${how}`));
  };
  void end();
  return {
    ready: ready.promise,
    async ask(kind: string, data: unknown): Promise<unknown> {
      asked += 1;
      const bench = asked;
      const answer = Promise.withResolvers<unknown>();
      const timer = setTimeout(() => answer.reject(new Error("no answer in time")), ANSWER_MS);
      waiting.set(bench, answer);
      try {
        child.send({ bench, kind, data });
        return await answer.promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(bench);
      }
    },
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code ?? "unknown"}`));
  });
}

async function stopChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  child.kill("SIGTERM");
  await ended;
  clearTimeout(late);
  if (child.connected) {
    child.disconnect();
    await once(child, "disconnect");
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

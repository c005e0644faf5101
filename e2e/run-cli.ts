import { type ChildProcess, execFile } from "node:child_process";
import { join } from "node:path";
import { environment } from "./config.ts";

const MAIN = join(import.meta.dirname, "..", "apps", "cli", "src", "main.ts");

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** `pombo` as a script calls it: without a terminal. The code of one that was killed is NaN. */
export function startCli(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): RunningCli {
  const options = { cwd, env: { ...environment, ...env }, timeout: 80_000 };
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = execFile(process.execPath, [MAIN, ...args], options, (error, out, err) => {
    resolve({ code: error === null ? 0 : Number(error.code ?? Number.NaN), out, err });
  });
  return { child, ended: promise };
}

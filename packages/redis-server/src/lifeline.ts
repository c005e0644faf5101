import { type ChildProcess, spawn } from "node:child_process";

export interface Lifeline {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** an open file that takes what the program prints */
  readonly output: number;
  /** the container to stop; absent: the program itself gets SIGTERM */
  readonly container?: { readonly engine: string; readonly name: string };
}

/**
 * Runs a program that ends when we end, even by kill −9.
 *
 * Between us and the program stands a POSIX shell. We hold the writing end of its standard input and never write: when it
 * closes, because we closed it or because the kernel did after our death, a watcher of the shell asks the program to stop, and
 * kills it when it has not after ten seconds. Program, shell and watcher are in a session of their own, so that the Ctrl-C of a
 * terminal doesn't reach them: the program stops after everything that uses it.
 */
export function spawnOnLifeline(line: Lifeline): ChildProcess {
  const { engine, name } = line.container ?? { engine: "", name: "" };
  const args = ["-c", SCRIPT, "lifeline", engine, name, line.program, ...line.args];
  const stdio = ["pipe", line.output, line.output] as const;
  return spawn("/bin/sh", args, { cwd: line.cwd, detached: true, stdio: [...stdio] });
}

// `exec 3<&0`: a shell gives background commands an empty standard input, so the pipe moves to 3. The program must not hold it.
const SCRIPT = `
engine=$1 container=$2
shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
(
  read -r _ <&3
  if [ -n "$engine" ]; then "$engine" stop "$container"; else kill -TERM "$program"; fi
  waited=0
  while kill -0 "$program" && [ "$waited" -lt 10 ]; do sleep 1; waited=$((waited + 1)); done
  kill -KILL "$program"
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Looks } from "./inspect.ts";

/**
 * Looks at files in a process of its own: bytes that strangers chose meet decoders there, so that what they break, or how much memory
 * they take, is not ours. It is started when it is needed and ends when it has been idle.
 */
export interface Inspector extends AsyncDisposable {
  /** Dimensions, duration and thumbnail, as far as they can be told; nothing when that takes too long or breaks. */
  look(path: string, mimeType: string): Promise<Looks>;
}

interface InspectorTimes {
  readonly lookMs: number;
  readonly idleMs: number;
}

/** What is asked of the process, and what it answers with: the looks alone. */
export interface Question {
  readonly path: string;
  readonly mimeType: string;
}

const TIMES: InspectorTimes = { lookMs: 15_000, idleMs: 10_000 };
const PROGRAM = fileURLToPath(new URL("./inspect-child.ts", import.meta.url));

export function openInspector(times = TIMES, program = PROGRAM): Inspector {
  let child: ChildProcess | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function start(): ChildProcess {
    // It gets nothing of our environment, where keys and passwords are.
    const started = fork(program, {
      env: {},
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    started.on("error", () => undefined);
    started.once("exit", () => {
      if (child === started) child = undefined;
    });
    return started;
  }

  async function ask(question: Question): Promise<Looks> {
    clearTimeout(idle);
    const asked = (child ??= start());
    const { promise, resolve } = Promise.withResolvers<Looks>();
    const tooLong = setTimeout(() => asked.kill("SIGKILL"), times.lookMs);
    const onAnswer = (looks: unknown): void => resolve(looks as Looks);
    const onExit = (): void => resolve({});
    asked.once("message", onAnswer);
    asked.once("exit", onExit);
    asked.send(question, (error) => {
      if (error !== null) resolve({});
    });
    try {
      return await promise;
    } finally {
      clearTimeout(tooLong);
      asked.off("message", onAnswer);
      asked.off("exit", onExit);
      idle = setTimeout(stop, times.idleMs);
    }
  }

  /** It ends by itself when it hears nobody any more. */
  function stop(): void {
    if (child?.connected === true) child.disconnect();
    child = undefined;
  }

  return {
    look(path, mimeType) {
      const looking = last.then(() => ask({ path, mimeType }));
      last = looking.catch(() => undefined);
      return looking;
    },
    async [Symbol.asyncDispose]() {
      await last;
      clearTimeout(idle);
      const leaving = child;
      stop();
      if (leaving !== undefined && leaving.exitCode === null && leaving.signalCode === null)
        await new Promise((resolve) => leaving.once("exit", resolve));
    },
  };
}

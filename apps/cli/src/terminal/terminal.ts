import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { Environment } from "../config.ts";
import { type DrawLine, isReflowing, openLiveLine } from "./live-line.ts";
import { openScreen, type Screen } from "./screen.ts";

/**
 * Where a command reads and writes. What was asked for goes to standard output, for people and programs alike; what a person
 * reads while waiting goes to standard error.
 */
export interface Terminal extends Disposable {
  /** A person sits there: can be asked, and sees a line change in place. */
  readonly isInteractive: boolean;
  /** A line can change in place. */
  readonly isLive: boolean;
  print(text: string): void;
  tell(text: string): void;
  /** A line that changes in place; where it can't, nothing. */
  show(draw: DrawLine): void;
  clear(): void;
  /** Standard output as a whole; undefined when it is no terminal. */
  openScreen(): Screen | undefined;
  /** Asks for a line; undefined at the end of the input, or when the signal aborts. */
  ask(question: string, signal?: AbortSignal): Promise<string | undefined>;
  /** As a style of node:util, when standard output is a terminal that has colors. */
  paint(style: Style, text: string): string;
  /** All of standard input. */
  readAll(): Promise<string>;
}

type Style = Parameters<typeof styleText>[0];

export interface Streams {
  readonly input: Readable & Partial<Pick<ReadStream, "isTTY">>;
  readonly output: NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns">>;
  readonly errors: NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY">>;
  readonly environment?: Environment;
}

export function openTerminal({ input, output, errors, environment = {} }: Streams): Terminal {
  const isLive = errors.isTTY === true;
  const live = isLive ? openLiveLine(errors as WriteStream, isReflowing(environment)) : undefined;
  let screen: Screen | undefined;
  const write = (stream: NodeJS.WritableStream, text: string): void => {
    const put = (): void => void stream.write(`${text}\n`);
    if (live === undefined) put();
    else live.aside(put);
  };
  return {
    isLive,
    isInteractive: isLive && input.isTTY === true,
    print: (text) => write(output, text),
    tell: (text) => write(errors, text),
    show: (draw) => live?.show(draw),
    clear: () => live?.clear(),
    openScreen() {
      if (output.isTTY !== true) return undefined;
      screen = openScreen(output as WriteStream);
      return screen;
    },
    ask(question, signal) {
      live?.clear();
      errors.write(question);
      return readLine(input, signal);
    },
    paint: (style, text) => styleText(style, text, { stream: output }),
    async readAll() {
      const parts: string[] = [];
      input.setEncoding("utf8");
      for await (const part of input) parts.push(String(part));
      return parts.join("");
    },
    [Symbol.dispose]() {
      screen?.[Symbol.dispose]();
      live?.[Symbol.dispose]();
    },
  };
}

/** The terminal itself does the editing, so Ctrl-C stays a signal. */
async function readLine(input: Readable, signal?: AbortSignal): Promise<string | undefined> {
  const lines = createInterface({ input, terminal: false });
  const given = Promise.withResolvers<string | undefined>();
  lines.once("line", given.resolve);
  lines.once("close", () => given.resolve(undefined));
  const stop = (): void => given.resolve(undefined);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted === true) stop();
  try {
    return await given.promise;
  } finally {
    signal?.removeEventListener("abort", stop);
    lines.close();
    input.pause();
  }
}

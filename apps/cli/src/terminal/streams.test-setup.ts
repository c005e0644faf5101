import { PassThrough, Writable } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";
import { openTerminal, type Terminal } from "./terminal.ts";

export interface TestStream extends WriteStream {
  text(): string;
}

/** A stream that remembers what was written; with columns it passes for a terminal. */
export function testStream(columns?: number): TestStream {
  const parts: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(chunk.toString());
      done();
    },
  });
  const size = columns === undefined ? {} : { isTTY: true, columns };
  return Object.assign(stream, size, { text: () => parts.join("") }) as unknown as TestStream;
}

export interface TestTerminal {
  readonly terminal: Terminal;
  readonly input: PassThrough;
  readonly output: TestStream;
  readonly errors: TestStream;
}

export function testTerminal({ isInteractive = false } = {}): TestTerminal {
  const input = new PassThrough();
  if (isInteractive) Object.assign(input, { isTTY: true } satisfies Partial<ReadStream>);
  const output = testStream();
  const errors = testStream(isInteractive ? 80 : undefined);
  return { terminal: openTerminal({ input, output, errors }), input, output, errors };
}

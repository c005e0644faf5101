import type { ExitCode } from "./exit-code.ts";

/** A command can't go on: the sentence says why and what to do, the code goes to the shell. */
export class Stopped extends Error {
  override readonly name = "Stopped";
  readonly code: ExitCode;

  constructor(says: string, code: ExitCode) {
    super(says);
    this.code = code;
  }
}

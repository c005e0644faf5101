import type { Environment } from "../config.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Interrupts } from "./interrupts.ts";

/** What a command works with. */
export interface Context {
  readonly environment: Environment;
  /** Where the person is: relative names of files are meant from here. */
  readonly folder: string;
  readonly terminal: Terminal;
  readonly interrupts: Interrupts;
}

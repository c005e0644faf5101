import { CannotStart } from "./cannot-start.ts";
import { readConfig } from "./config.ts";
import { createLocalKey } from "./create-local-key.ts";
import { KEYS_HELP, parseKeyOptions } from "./key-options.ts";
import { parseOptions, UP_HELP } from "./options.ts";
import { PROGRAMS } from "./programs.ts";
import { openProgress } from "./progress.ts";
import { listenForStop } from "./stop-signal.ts";
import { up } from "./up.ts";

const RESTART_AFTER_MS = 2_000;

process.stdout.on("error", () => undefined); // who read it is gone; the end must be orderly all the same
process.stderr.on("error", () => undefined);

process.exit(await main(process.argv.slice(2)));

async function main([command, ...args]: readonly string[]): Promise<number> {
  if (command === undefined || command === "--help" || command === "-h")
    return say(`${UP_HELP}\n\n${KEYS_HELP}`, 0);
  if (command === "keys") return keys(args);
  if (command !== "up") return complain(`There is no command "${command}". See pombo --help`, 2);
  const parsed = parseOptions(args);
  if (parsed.kind === "help") return say(parsed.text, 0);
  if (parsed.kind === "refused") return complain(parsed.says, 2);
  using stop = listenForStop(() => process.exit(1));
  const progress = openProgress((line) => console.log(line));
  try {
    const { signal } = stop;
    const restartAfterMs = RESTART_AFTER_MS;
    const config = readConfig();
    await up(parsed.options, { config, programs: PROGRAMS, progress, signal, restartAfterMs });
  } catch (error) {
    if (!stop.signal.aborted) return complain(sentence(error), 1);
  }
  return say("Stopped.", 0);
}

/** The key alone goes to standard output, so that it can be caught. */
async function keys(args: readonly string[]): Promise<number> {
  const parsed = parseKeyOptions(args);
  if (parsed.kind === "help") return say(parsed.text, 0);
  if (parsed.kind === "refused") return complain(parsed.says, 2);
  try {
    const { id, key } = await createLocalKey(parsed.options, readConfig());
    console.error(`Created ${id}; it is shown once:`);
    return say(key, 0);
  } catch (error) {
    return complain(sentence(error), 1);
  }
}

function say(text: string, code: number): number {
  console.log(text);
  return code;
}

function complain(text: string, code: number): number {
  console.error(text);
  return code;
}

/** A bug shows where it is; what was foreseen is a sentence. */
function sentence(error: unknown): string {
  if (error instanceof CannotStart) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

import { nearestName } from "@pombo/contract";
import { BULK } from "./bulk/bulk.ts";
import { CannotStart } from "./cannot-start.ts";
import type { Command } from "./command/command.ts";
import { EXIT } from "./command/exit-code.ts";
import { explainFailure } from "./command/explain-failure.ts";
import { openInterrupts } from "./command/interrupts.ts";
import { callerFolder, readConfig } from "./config.ts";
import { createLocalKey } from "./create-local-key.ts";
import { LIST_DEVICES } from "./devices/list-devices.ts";
import { PAIR_DEVICE } from "./devices/pair-device.ts";
import { DOCTOR } from "./doctor/doctor.ts";
import { EXPLAIN_ERROR } from "./explain-error.ts";
import { parseKeyOptions } from "./key-options.ts";
import { GROUP_LETTERS } from "./letters/group-letters.ts";
import { LIST_LETTERS } from "./letters/list-letters.ts";
import { DISCARD_LETTERS, REDRIVE_LETTERS } from "./letters/settle-letters.ts";
import { SHOW_LETTER } from "./letters/show-letter.ts";
import { parseOptions } from "./options.ts";
import { PROGRAMS } from "./programs.ts";
import { MIGRATE } from "./migrate.ts";
import { openProgress } from "./progress.ts";
import { SEND } from "./send/send.ts";
import { listenForStop } from "./stop-signal.ts";
import { openTerminal, type Terminal } from "./terminal/terminal.ts";
import { up } from "./up.ts";

const RESTART_AFTER_MS = 2_000;

const COMMANDS: readonly Command[] = [
  SEND,
  BULK,
  LIST_DEVICES,
  PAIR_DEVICE,
  LIST_LETTERS,
  GROUP_LETTERS,
  SHOW_LETTER,
  REDRIVE_LETTERS,
  DISCARD_LETTERS,
  DOCTOR,
  MIGRATE,
  EXPLAIN_ERROR,
];

/** What a process has that runs commands. */
export interface Host {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  exit(code: number): never;
}

/** Runs what was typed; resolves with the exit code. */
export async function runPombo(args: readonly string[], host: Host): Promise<number> {
  const { stdin: input, stdout: output, stderr: errors } = host;
  const { environment } = readConfig();
  using terminal = openTerminal({ input, output, errors, environment });
  const [first, ...rest] = args;
  if (first === undefined || first === "--help" || first === "-h") {
    terminal.print(overview());
    return EXIT.done;
  }
  if (first === "up") return await runUp(rest, terminal, host);
  if (first === "keys") return await runKeys(rest, terminal);
  const found = COMMANDS.find(({ name }) => isCalled(name, args));
  if (found === undefined) return complain(terminal, unknown(args), EXIT.usage);
  return await runCommand(found, args.slice(found.name.split(" ").length), { terminal, host });
}

function isCalled(name: string, args: readonly string[]): boolean {
  return name.split(" ").every((word, at) => args[at] === word);
}

async function runCommand(
  command: Command,
  args: readonly string[],
  { terminal, host }: { readonly terminal: Terminal; readonly host: Host },
): Promise<number> {
  using interrupts = openInterrupts(() => {
    terminal[Symbol.dispose]();
    host.exit(EXIT.interrupted);
  });
  const { environment } = readConfig();
  try {
    return await command.run(args, { environment, folder: callerFolder(), terminal, interrupts });
  } catch (error) {
    terminal.clear();
    const explained = explainFailure(error);
    if (explained !== undefined)
      return complain(terminal, explained.lines.join("\n"), explained.code);
    if (interrupts.signal.aborted) return complain(terminal, "Interrupted.", EXIT.interrupted);
    return complain(terminal, stackOf(error), EXIT.failed);
  }
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length)) + 2;
  const rows = COMMANDS.map(({ name, says }) => `  ${name.padEnd(width)}${says}`);
  return [
    "npm run pombo -- COMMAND [options]",
    "",
    ...rows,
    `  ${"keys create".padEnd(width)}Makes an API key on this machine, when the admin key is lost.`,
    `  ${"up".padEnd(width)}Runs the whole of Pombo here; npm start does the same.`,
    "",
    "Each tells more by --help. docs/cli.md has examples and the exit codes.",
  ].join("\n");
}

/** What was typed is no command: the one that was probably meant, or those that begin alike. */
function unknown(args: readonly string[]): string {
  const [first = ""] = args;
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0) return `Say one of: ${group.map(({ name }) => name).join(", ")}.`;
  const names = [...COMMANDS.map(({ name }) => name), "up", "keys"];
  const firsts = names.map((name) => name.split(" ")[0] ?? "");
  const nearest = nearestName(first, [...names, ...firsts]);
  const meant = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
  return `There is no command "${first}".${meant} See pombo --help`;
}

async function runUp(args: readonly string[], terminal: Terminal, host: Host): Promise<number> {
  const parsed = parseOptions(args);
  if (parsed.kind === "help") return say(terminal, parsed.text);
  if (parsed.kind === "refused") return complain(terminal, parsed.says, EXIT.usage);
  using stop = listenForStop(() => host.exit(1));
  const progress = openProgress((line) => terminal.print(line));
  try {
    const { signal } = stop;
    const restartAfterMs = RESTART_AFTER_MS;
    const config = readConfig();
    await up(parsed.options, { config, programs: PROGRAMS, progress, signal, restartAfterMs });
  } catch (error) {
    if (!stop.signal.aborted) return complain(terminal, sentence(error), EXIT.failed);
  }
  return say(terminal, "Stopped.");
}

/** The key alone goes to standard output, so that it can be caught. */
async function runKeys(args: readonly string[], terminal: Terminal): Promise<number> {
  const parsed = parseKeyOptions(args);
  if (parsed.kind === "help") return say(terminal, parsed.text);
  if (parsed.kind === "refused") return complain(terminal, parsed.says, EXIT.usage);
  try {
    const { id, key } = await createLocalKey(parsed.options, readConfig());
    terminal.tell(`Created ${id}; it is shown once:`);
    return say(terminal, key);
  } catch (error) {
    return complain(terminal, sentence(error), EXIT.failed);
  }
}

function say(terminal: Terminal, text: string): number {
  terminal.print(text);
  return EXIT.done;
}

function complain(terminal: Terminal, text: string, code: number): number {
  terminal.tell(text);
  return code;
}

/** A bug shows where it is; what was foreseen is a sentence. */
function sentence(error: unknown): string {
  return error instanceof CannotStart ? error.message : stackOf(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

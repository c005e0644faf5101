import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { nearestName } from "@pombo/contract";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { Stopped } from "./stopped.ts";

/** What is typed behind `pombo`, and what it does. */
export interface Command {
  /** `devices pair` */
  readonly name: string;
  /** One line, for the list of commands. */
  readonly says: string;
  readonly help: string;
  run(args: readonly string[], context: Context): Promise<ExitCode>;
}

/** Options of every command that speaks to a Pombo. */
export const REMOTE = {
  url: { type: "string" },
  key: { type: "string" },
  data: { type: "string" },
  json: { type: "boolean", default: false },
} as const satisfies ParseArgsOptionsConfig;

export const REMOTE_HELP = `  --url URL                 which Pombo (POMBO_URL); absent: the one that runs on the data folder
  --key KEY                 an API key (POMBO_API_KEY, which other users of the machine can't see)
  --data DIR                the data folder of a Pombo of this machine (data, or data/live)
  --json                    the answer as JSON
  --help                    this text`;

const HELP = { help: { type: "boolean", short: "h", default: false } } as const;

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ readonly options: Options; readonly allowPositionals: true }>
>["values"];

interface Typed<Options extends ParseArgsOptionsConfig> {
  readonly values: Values<Options>;
  /** What stands there without an option. */
  readonly words: readonly string[];
}

export interface CommandRow<Options extends ParseArgsOptionsConfig> {
  readonly name: string;
  readonly says: string;
  /** What follows the name, and the options, a line each. */
  readonly takes: string;
  readonly help: string;
  readonly options: Options;
  /** The names of the words it takes beside its options; the last may be repeated when it ends in `…`. */
  readonly words?: readonly string[];
  readonly run: (typed: Typed<Options>, context: Context) => Promise<ExitCode>;
}

/** Makes a command that reads its own words. @throws Stopped */
export function command<const Options extends ParseArgsOptionsConfig>(
  row: CommandRow<Options>,
): Command {
  const { name, says } = row;
  const help = `pombo ${name} ${row.takes}\n\n${says}\n\n${row.help}`;
  return {
    name,
    says,
    help,
    run(args, context) {
      if (args.includes("--help") || args.includes("-h")) {
        context.terminal.print(help);
        return Promise.resolve(EXIT.done);
      }
      return row.run(read(row, args), context);
    },
  };
}

function read<Options extends ParseArgsOptionsConfig>(
  { name, options, words = [] }: CommandRow<Options>,
  args: readonly string[],
): Typed<Options> {
  const parsed = parse(name, { ...options, ...HELP }, args);
  const repeats = words.at(-1)?.endsWith("…") === true;
  const surplus = repeats ? undefined : parsed.words[words.length];
  if (surplus !== undefined) throw misused(name, `"${surplus}" is one word too many`);
  return parsed;
}

function parse<Options extends ParseArgsOptionsConfig>(
  name: string,
  options: Options,
  args: readonly string[],
): Typed<Options> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
    });
    return { values, words: positionals };
  } catch (error) {
    throw misused(name, complaint(error, Object.keys(options)));
  }
}

/** Node's sentence, shortened, with the option that was probably meant. */
function complaint(error: unknown, known: readonly string[]): string {
  const text = error instanceof Error ? error.message : String(error);
  const [, unknown] = /^Unknown option '--?([^']*)'/.exec(text) ?? [];
  const says = text.split(/\.\s/)[0] ?? text;
  const nearest = unknown === undefined ? undefined : nearestName(unknown, known);
  return nearest === undefined ? says : `${says}: did you mean --${nearest}?`;
}

/** @returns what to throw when the words of a command make no sense */
export function misused(name: string, says: string): Stopped {
  return new Stopped(`${says}. See pombo ${name} --help`, EXIT.usage);
}

/** The value of an option that must be there. @throws Stopped */
export function needed(name: string, option: string, value: string | undefined): string {
  if (value === undefined || value === "") throw misused(name, `${option} is needed`);
  return value;
}

/** A whole number. @throws Stopped */
export function wholeOption(
  name: string,
  [option, text]: readonly [string, string],
  [least, most]: readonly [number, number],
): number {
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw misused(name, `${option} takes a whole number from ${least} to ${most}`);
}

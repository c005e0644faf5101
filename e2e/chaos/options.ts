import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** How much, and how much of what trouble. */
export interface ChaosOptions {
  readonly seed: number;
  readonly messages: number;
  readonly devices: number;
  /** recipients of each device */
  readonly recipients: number;
  /** one worker and one API of these speak to Redis through a proxy that loses replies */
  readonly workers: number;
  readonly apis: number;
  /** kill −9 of workers and APIs */
  readonly kills: number;
  readonly redisKills: number;
  /** SIGSTOP of a worker for longer than the lease, then SIGCONT */
  readonly stops: number;
  /** sockets to WhatsApp cut at a message, before or after its relay */
  readonly cuts: number;
  /** times at which Redis' replies are lost on the way */
  readonly drops: number;
  /** how long the server takes for its ack: so long an attempt is under way, and can be hit */
  readonly ackMs: number;
  /** the messages are sent, and the troubles made, within this time */
  readonly seconds: number;
  /** the end comes when nothing has settled for so long after the last acceptance */
  readonly settleSeconds: number;
  /** the messages are the rows of one upload from a pool of all devices, not single ones */
  readonly batch?: boolean;
  /** keeps the data and the logs there; absent: they are removed at the end */
  readonly data?: string;
}

const LONG: ChaosOptions = {
  seed: 1,
  messages: 4_000,
  devices: 20,
  recipients: 10,
  workers: 3,
  apis: 2,
  kills: 12,
  redisKills: 2,
  stops: 5,
  cuts: 10,
  drops: 4,
  ackMs: 400,
  seconds: 150,
  settleSeconds: 90,
};

/** Fits into `npm test`. */
export const SHORT: ChaosOptions = {
  ...LONG,
  messages: 300,
  devices: 5,
  recipients: 6,
  workers: 2,
  kills: 3,
  redisKills: 1,
  stops: 1,
  cuts: 4,
  drops: 1,
  ackMs: 150,
  seconds: 20,
  settleSeconds: 45,
};

/** With --batch; more rows than are packed together. */
export const SHORT_BATCH: ChaosOptions = {
  ...SHORT,
  batch: true,
  messages: 600,
  devices: 8,
  recipients: 10,
  ackMs: 40,
  seconds: 10,
};

export const CHAOS_HELP = `npm run chaos -- [--short] [--batch] [--data DIR] [--name N …]

  ${Object.entries(LONG)
    .map(([name, value]) => `--${flagOf(name).padEnd(16)} ${value}`)
    .join("\n  ")}`;

export type ParsedChaos =
  | { readonly kind: "options"; readonly options: ChaosOptions }
  | { readonly kind: "refused"; readonly says: string };

export function parseChaosOptions(args: readonly string[]): ParsedChaos {
  let values: Readonly<Record<string, unknown>>;
  try {
    values = parseArgs({ args: [...args], options: FLAGS, allowPositionals: false }).values;
  } catch (error) {
    return { kind: "refused", says: error instanceof Error ? error.message : String(error) };
  }
  if (values["help"] === true) return { kind: "refused", says: CHAOS_HELP };
  const batch = values["batch"] === true;
  const short = batch ? SHORT_BATCH : SHORT;
  const base = values["short"] === true ? short : { ...LONG, batch };
  const numbers = NAMES.map((name) => [name, Number(values[flagOf(name)] ?? base[name])] as const);
  const wrong = numbers.find(([, value]) => !Number.isInteger(value) || value < 0);
  if (wrong !== undefined)
    return { kind: "refused", says: `--${flagOf(wrong[0])} takes a whole number` };
  const data = values["data"];
  const options = { ...base, ...Object.fromEntries(numbers) };
  return { kind: "options", options: typeof data === "string" ? { ...options, data } : options };
}

const NAMES = Object.keys(LONG) as Exclude<keyof ChaosOptions, "batch" | "data">[];

const FLAGS: ParseArgsOptionsConfig = {
  ...Object.fromEntries(NAMES.map((name) => [flagOf(name), { type: "string" }])),
  data: { type: "string" },
  batch: { type: "boolean" },
  short: { type: "boolean" },
  help: { type: "boolean" },
};

function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

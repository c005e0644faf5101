import { resolve } from "node:path";
import { parseArgs } from "node:util";

export interface UpOptions {
  /** absent: 3000, or the next free one */
  readonly port?: number;
  readonly data: string;
  readonly workers: number;
  readonly apis: number;
  readonly readyFile?: string;
  readonly whatsapp: Whatsapp;
  /** bring a killed process back */
  readonly restart: boolean;
}

/** The WhatsApp that the workers speak to. */
export type Whatsapp =
  | { readonly kind: "sandbox" }
  | { readonly kind: "live" }
  | {
      readonly kind: "other";
      readonly url: string;
      readonly rootKey: string;
      readonly ca?: string;
    };

export type ParsedOptions =
  | { readonly kind: "options"; readonly options: UpOptions }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "refused"; readonly says: string };

const OPTIONS = {
  port: { type: "string" },
  data: { type: "string" },
  workers: { type: "string", default: "1" },
  apis: { type: "string", default: "1" },
  "ready-file": { type: "string" },
  live: { type: "boolean", default: false },
  "whatsapp-url": { type: "string" },
  "whatsapp-root-key": { type: "string" },
  "whatsapp-ca": { type: "string" },
  "no-restart": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const UP_HELP = `npm start -- [options]        the whole of Pombo on this machine

  --port N                  port of the API (3000, or the next free one)
  --data DIR                where everything is kept (data; data/live with --live)
  --workers N               worker processes (1)
  --apis N                  API processes; the first has the port, the others free ones (1)
  --ready-file PATH         written as JSON when everything runs, removed at the end
  --live                    the real WhatsApp instead of the sandbox
  --whatsapp-url URL        another WhatsApp server: ws:// or wss://, with
  --whatsapp-root-key KEY     its root key (base64) and, where needed,
  --whatsapp-ca FILE          the certificate that signed its own
  --no-restart              leave a process that died dead
  --help                    this text

POMBO_REDIS_URL uses a Redis of yours instead of a private one.
POMBO_LOOPBACK_URLS=1 lets the sandbox fetch media from this machine: URLs otherwise need a public address.`;

type Values = ReturnType<typeof parseValues>;

/** Reads the words after `pombo up`. */
export function parseOptions(args: readonly string[]): ParsedOptions {
  let values: Values;
  try {
    values = parseValues(args);
  } catch (error) {
    return refused(error instanceof Error ? firstSentence(error.message) : String(error));
  }
  if (values.help) return { kind: "help", text: UP_HELP };
  const problem = problemOf(values);
  if (problem !== undefined) return refused(problem);
  const whatsapp = whatsappOf(values);
  const readyFile = values["ready-file"];
  const options = {
    data: values.data ?? (whatsapp.kind === "live" ? "data/live" : "data"),
    workers: Number(values.workers),
    apis: Number(values.apis),
    whatsapp,
    restart: !values["no-restart"],
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(readyFile === undefined ? {} : { readyFile }),
  };
  return { kind: "options", options };
}

function parseValues(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values;
}

function refused(says: string): ParsedOptions {
  return { kind: "refused", says: `${says}. See npm start -- --help` };
}

function firstSentence(text: string): string {
  return text.split(/\.\s/)[0] ?? text;
}

/** The first thing that makes no sense, or doesn't fit together. */
function problemOf(values: Values): string | undefined {
  const url = values["whatsapp-url"];
  const rootKey = values["whatsapp-root-key"];
  const isOther = url !== undefined || rootKey !== undefined || values["whatsapp-ca"] !== undefined;
  const rules: readonly [sound: boolean, says: string][] = [
    [isWhole(values.port ?? "0", [0, 65_535]), "--port takes a number from 0 to 65535"],
    [isWhole(values.workers, [1, 64]), "--workers takes a number from 1 to 64"],
    [isWhole(values.apis, [1, 64]), "--apis takes a number from 1 to 64"],
    [!(isOther && values.live), "--live and --whatsapp-url exclude each other"],
    [!isOther || isSocketUrl(url), "--whatsapp-url takes a ws:// or wss:// address"],
    [!isOther || isKey(rootKey), "--whatsapp-root-key takes 32 bytes in base64"],
  ];
  return rules.find(([sound]) => !sound)?.[1];
}

function whatsappOf(values: Values): Whatsapp {
  const { "whatsapp-url": url, "whatsapp-root-key": rootKey, "whatsapp-ca": ca } = values;
  if (url === undefined || rootKey === undefined) return { kind: values.live ? "live" : "sandbox" };
  return { kind: "other", url, rootKey, ...(ca === undefined ? {} : { ca: resolve(ca) }) };
}

function isWhole(text: string, [least, most]: readonly [number, number]): boolean {
  const number = /^[0-9]{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most;
}

function isSocketUrl(text: string | undefined): boolean {
  return text !== undefined && /^wss?:\/\/[^\s/]/.test(text);
}

function isKey(text: string | undefined): boolean {
  return text !== undefined && [32, 33].includes(Buffer.from(text, "base64").byteLength);
}

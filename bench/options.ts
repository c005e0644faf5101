import { parseArgs } from "node:util";
import type { Fsync } from "./stage.ts";

export const PARTS = [
  "dispatch",
  "end-to-end",
  "accept",
  "bulk",
  "bulk-dispatch",
  "backlog",
  "backlog-neighbours",
  "life",
  "idle",
  "streams",
  "intake",
] as const;
const PROFILED: readonly Part[] = ["dispatch", "accept"];
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly devices: number;
  readonly messages: number;
  readonly rounds: number;
  readonly clients: number;
  readonly waiting: readonly number[];
  readonly rows: readonly number[];
  readonly kills: number;
  readonly fsync: Fsync;
  readonly profile: boolean;
}

export type Parsed =
  | { readonly kind: "options"; readonly options: Options }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "refused"; readonly says: string };

const OPTIONS = {
  only: { type: "string" },
  devices: { type: "string", default: "100" },
  messages: { type: "string", default: "300" },
  rounds: { type: "string", default: "3" },
  clients: { type: "string", default: "10000" },
  waiting: { type: "string", default: "10000,100000" },
  rows: { type: "string", default: "100000,1000000" },
  kills: { type: "string", default: "0" },
  fsync: { type: "string", default: "everysec" },
  profile: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

export const HELP = `npm run bench -- [options]     Pombo beside bare Baileys and bare BullMQ, on this machine

  --only PARTS      some of: ${PARTS.join(", ")} (all)
  --devices N       devices of the larger contest (100)
  --messages N      messages of one device in a round; five times as many for the larger contest (300)
  --rounds N        rounds of each contender, in turn; the middle one counts (3)
  --clients N       clients of live events (10000)
  --waiting LIST    sizes of the backlog to compare (10000,100000)
  --rows LIST       rows of an upload; the first as CSV, the others as NDJSON (100000,1000000)
  --kills N         times that bulk-dispatch kills its worker with -9 in each round, to count what became of the rows (0)
  --fsync WHEN      appendfsync of Redis: everysec, always or no (everysec)
  --profile         instead of dispatch and accept: where the CPU of both contenders goes
  --help            this text

Everything runs on loopback, in a folder of its own that is gone afterwards. The machine should have nothing else to do.`;

export function parseOptions(args: readonly string[]): Parsed {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false });
    if (values.help) return { kind: "help", text: HELP };
    const parts = values.only?.split(",") ?? (values.profile ? PROFILED : PARTS);
    const unknown = parts.find((part) => !PARTS.some((known) => known === part));
    if (unknown !== undefined) return refused(`there is no part ${unknown}`);
    if (!isFsync(values.fsync)) return refused("--fsync takes everysec, always or no");
    return {
      kind: "options",
      options: {
        parts: parts as readonly Part[],
        devices: whole("devices", values.devices, 1_000),
        messages: whole("messages", values.messages, 20_000),
        rounds: whole("rounds", values.rounds, 25),
        clients: whole("clients", values.clients, 15_000),
        waiting: values.waiting.split(",").map((size) => whole("waiting", size, 2_000_000)),
        rows: values.rows.split(",").map((size) => whole("rows", size, 5_000_000)),
        kills: values.kills === "0" ? 0 : whole("kills", values.kills, 50),
        fsync: values.fsync,
        profile: values.profile,
      },
    };
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

function refused(says: string): Parsed {
  return { kind: "refused", says: `${says}. See npm run bench -- --help` };
}

function isFsync(text: string): text is Fsync {
  return text === "everysec" || text === "always" || text === "no";
}

function whole(name: string, text: string, most: number): number {
  const number = /^[0-9]{1,7}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > most) throw new Error(`--${name} takes a number from 1 to ${most}`);
  return number;
}

import { cpus, loadavg } from "node:os";
import { accept, profileAccept } from "./accept.ts";
import { backlog } from "./backlog.ts";
import { bulk } from "./bulk.ts";
import { bulkDispatch } from "./bulk-dispatch.ts";
import { backlogNeighbours } from "./backlog-neighbours.ts";
import { dispatch } from "./dispatch.ts";
import { endToEnd } from "./end-to-end.ts";
import { idle } from "./idle.ts";
import { intake } from "./intake.ts";
import { life } from "./life.ts";
import { type Options, parseOptions, type Part } from "./options.ts";
import { profileDispatch } from "./profile-dispatch.ts";
import { streams } from "./streams.ts";
import { openStage, type Stage } from "./stage.ts";

/**
 * Pombo measured beside what it is made of.
 *
 *   dispatch     the worker beside bare Baileys: rate, CPU, memory
 *   end-to-end   the whole product beside bare Baileys: rate, latency
 *   accept       the API beside a bare Express handler with one BullMQ add
 *   bulk         uploads of very many rows beside BullMQ's addBulk
 *   bulk-dispatch   the rows of a batch from a pool of many devices, beside bare Baileys
 *   backlog      cost and bytes while very many messages wait
 *   backlog-neighbours   one-time passwords on a device with a long backlog, and the devices beside it
 *   idle         what a worker costs that owns 10,000 devices, 200 of them connected
 *   life         what one message costs Redis from its acceptance to its last receipt
 *   streams      what one API process pays for very many clients of live events
 *   intake       what reading an upload of many rows costs beside reading its lines
 *
 * Contenders take turns within one run, and the middle round counts: the machine may be slow, or busy, for both of them.
 */
type Run = (stage: Stage, options: Options, say: (line: string) => void) => Promise<void>;

const RUNS: Readonly<Record<Part, Run>> = {
  dispatch,
  "end-to-end": endToEnd,
  accept,
  bulk,
  "bulk-dispatch": bulkDispatch,
  backlog,
  "backlog-neighbours": backlogNeighbours,
  life,
  idle,
  streams,
  intake,
};

/** Instead of the contest, with --profile. */
const PROFILES: Readonly<Partial<Record<Part, Run>>> = {
  dispatch: profileDispatch,
  accept: profileAccept,
};

// The programs end when their channel closes with us; the folder goes at the exit.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

const parsed = parseOptions(process.argv.slice(2));
if (parsed.kind === "options") await main(parsed.options);
else if (parsed.kind === "help") console.log(parsed.text);
else {
  console.error(parsed.says);
  process.exitCode = 2;
}

async function main(options: Options): Promise<void> {
  const [load = 0] = loadavg();
  const started = performance.now();
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? "CPU"}, Node ${process.version}, load average ${load.toFixed(2)}${load > 0.5 ? " (busy: mind the ratios)" : ""}`,
  );
  for (const part of options.parts) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, each on a fresh stage
    await using stage = await openStage(options.fsync);
    const version = /redis_version:(\S+)/.exec(await stage.redis.info("server"))?.[1] ?? "unknown";
    say(`${part}: Redis ${version}, appendfsync ${options.fsync}`);
    const run = options.profile ? (PROFILES[part] ?? RUNS[part]) : RUNS[part];
    await run(stage, options, say);
  }
  say(`done after ${Math.round((performance.now() - started) / 1_000)} s`);
}

function say(line: string): void {
  console.error(`… ${line}`);
}

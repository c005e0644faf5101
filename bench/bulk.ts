import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type CellId, type DeviceId, mintDeviceId } from "@pombo/domain";
import { type Api, openApi } from "./api.ts";
import type { Upload, UploadEnd, WatchEnd } from "./bulk-client.ts";
import type { BulkFile } from "./bulk-rows.ts";
import { type Cost, metered, redisBytes } from "./meter.ts";
import type { Options } from "./options.ts";
import { openPombo } from "./pombo.ts";
import { type Program, startProgram } from "./program.ts";
import { against, rounded, table } from "./report.ts";
import type { Stage } from "./stage.ts";

interface Uploaded extends Cost {
  readonly file: BulkFile;
  readonly idle: WatchEnd;
  readonly during: WatchEnd;
  /** Of the API, at its highest, ms and bytes. */
  readonly grown: number;
  readonly bytesPerRow: number;
  readonly ms: number;
  /** Of the same jobs by addBulk. */
  readonly bareMs?: number;
}

const IDLE_MS = 4_000;
const SAMPLE_MS = 100;
/** More jobs than that are not added for comparison: they would take all of Redis. */
const MOST_BARE = 200_000;

/**
 * Uploads of many rows: memory of the API, what other requests feel, and the time beside BullMQ's addBulk of the same jobs. The first size as
 * CSV, the others as NDJSON.
 */
export async function bulk(
  stage: Stage,
  { rows }: Options,
  say: (line: string) => void,
): Promise<void> {
  await using pombo = await openPombo(stage, "c5" as CellId);
  await using api = await openApi(stage, pombo);
  const device = mintDeviceId(randomBytes(8));
  // Nobody owns it: rows stay where they are.
  await pombo.ledger.createDevice({ id: device, name: "bench", keyId: "key_b", at: Date.now() });
  const file = "bench/bulk-client.ts";
  const logFolder = stage.folder;
  await using client = await startProgram({ name: "bulk-client", file, logFolder });
  await using watcher = await startProgram({ name: "bulk-watcher", file, logFolder });
  const contest = { stage, api, client, watcher, device };
  say("bulk: warming up");
  await measure(contest, { format: "csv", rows: 2_000, firstNumber: stage.takeNumbers(2_000) });
  const ends: Uploaded[] = [];
  for (const [index, size] of rows.entries()) {
    const upload: BulkFile = {
      format: index === 0 ? "csv" : "ndjson",
      rows: size,
      firstNumber: stage.takeNumbers(size),
    };
    say(`bulk: ${size} rows as ${upload.format}`);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const end = await measure(contest, upload);
    // oxlint-disable-next-line no-await-in-loop
    ends.push(size > MOST_BARE ? end : { ...end, bareMs: await bare(stage, upload) });
  }
  process.stdout.write(report(ends));
}

interface Contest {
  readonly stage: Stage;
  readonly api: Api;
  readonly client: Program;
  readonly watcher: Program;
  readonly device: DeviceId;
}

async function measure(
  { stage, api, client, watcher, device }: Contest,
  file: BulkFile,
): Promise<Uploaded> {
  const { redis } = stage;
  const at = { url: api.url, key: api.key, device };
  await watcher.ask("watch", at);
  await pause(IDLE_MS);
  const idle = await watcher.ask<WatchEnd>("watched");
  const settled = (await api.program.settledUsage()).rss;
  const bytes = await redisBytes(redis);
  await watcher.ask("watch", at);
  let highest = settled;
  const cost = await metered({ redis, programs: { api: api.program } }, async () => {
    await client.ask("upload", { ...at, ...file } satisfies Upload);
    let end: UploadEnd | null = null;
    const ended = (async (): Promise<void> => {
      // oxlint-disable-next-line no-await-in-loop -- asked again until it has ended
      while (end === null) end = await client.ask<UploadEnd | null>("uploaded");
    })();
    for (let over = false; !over;) {
      // oxlint-disable-next-line no-await-in-loop -- sample after sample
      over = await Promise.race([ended.then(() => true), pause(SAMPLE_MS, false)]);
      // oxlint-disable-next-line no-await-in-loop
      highest = Math.max(highest, (await api.program.usage()).rss);
    }
    return wholeEnd(end, file);
  });
  const during = await watcher.ask<WatchEnd>("watched");
  return {
    ...cost,
    file,
    idle,
    during,
    grown: highest - settled,
    bytesPerRow: ((await redisBytes(redis)) - bytes) / file.rows,
    ms: cost.result.ms,
  };
}

function wholeEnd(end: UploadEnd | null, { rows }: BulkFile): UploadEnd {
  const body = JSON.parse(end?.body ?? "{}") as { readonly accepted?: number };
  if (end?.status !== 202 || body.accepted !== rows)
    throw new Error(`of ${rows} rows: ${end?.status ?? 0} ${end?.body ?? ""}`);
  return end;
}

async function bare(stage: Stage, file: BulkFile): Promise<number> {
  await using program = await startProgram({
    name: "bulk-queue",
    file: "bench/bulk-queue.ts",
    args: [stage.redisUrl],
    logFolder: stage.folder,
  });
  await program.ask("add", { ...file, rows: 2_000 });
  await program.ask("clear");
  const ms = await program.ask<number>("add", file);
  await program.ask("clear");
  return ms;
}

function report(ends: readonly Uploaded[]): string {
  const rows = ends.map((end) => [
    `${end.file.rows} as ${end.file.format}`,
    rounded(end.ms / 1_000, 1),
    end.bareMs === undefined ? "–" : against(end.ms / end.bareMs, { most: 2 }),
    against(end.grown / 1_048_576, { most: 100 }),
    rounded(end.idle.p99, 1),
    against(end.during.p99, { most: Math.ceil(end.idle.p99 + 25) }),
    rounded(end.during.worst, 1),
    rounded(((end.cpuMs["api"] ?? 0) * 1_000) / end.file.rows, 1),
    rounded(end.redisUs / end.file.rows, 1),
    rounded(end.bytesPerRow, 0),
  ]);
  return table("bulk: one upload; other requests beside it; addBulk of the same jobs, 500 a time", [
    [
      "rows",
      "s",
      "beside addBulk",
      "API grew MiB",
      "others idle p99 ms",
      "others p99 ms",
      "worst ms",
      "API µs a row",
      "Redis µs a row",
      "Redis bytes a row",
    ],
    ...rows,
  ]);
}

import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type BatchId,
  CHUNK_ROWS,
  type CellId,
  mintBatchId,
  mintPoolId,
  type PackedRow,
  type PoolId,
} from "@pombo/domain";
import { onPhones, type Seen, witness } from "./batch-witness.ts";
import { metered } from "./meter.ts";
import { type Numbers, numberOf } from "./numbers.ts";
import type { Options } from "./options.ts";
import { openPombo, type Pombo, textOf } from "./pombo.ts";
import { openRaw } from "./raw.ts";
import { against, rounded, table } from "./report.ts";
import type { RoundEnd } from "./round.ts";
import type { Stage } from "./stage.ts";
import { median } from "./statistics.ts";

/** Numbers that each device writes to. */
const CONTACTS = 10;
const WARM_UP = 50;
/** Messages of one device that bare Baileys sends in a round at most: enough for its rate. */
const MOST_RAW = 200;
const KEY_ID = "key_bench";
/** sending, sent, delivered, read */
const EVENTS_A_ROW = 4;
const NOBODY_LOOKED: Seen = { looks: 0, wrong: [], kills: 0 };

interface Upload {
  readonly pool: PoolId;
  readonly numbers: Numbers;
  readonly devices: number;
  readonly perDevice: number;
  /** Times that the worker is killed on the way. */
  readonly kills: number;
  /** Looks at the counts until every row has gone; else nobody looks while the meters run. */
  readonly watched: boolean;
}

interface BatchEnd extends RoundEnd {
  readonly seen: Seen;
  /** Rows that phones have, and those that came more than once. */
  readonly onPhones: number;
  readonly copied: number;
}

/**
 * Rows of a batch from a pool of many devices, beside bare Baileys on as many: the rows are stored while the batch is paused, and the
 * clock runs from the first proof that WhatsApp has one to the last. All numbers were written to before, by the device that they stick to.
 */
export async function bulkDispatch(
  stage: Stage,
  options: Options,
  say: (line: string) => void,
): Promise<void> {
  const { devices } = options;
  const perDevice = Math.max(WARM_UP, Math.round((options.rows[0] ?? 0) / devices));
  say(`bulk-dispatch: pairing twice ${devices} devices`);
  await using raw = await openRaw(stage, { pair: devices });
  // A second worker goes on while the first one is dead.
  const watched = options.kills > 0;
  const workers = watched ? 2 : 1;
  await using pombo = await openPombo(stage, "c4" as CellId, { workers });
  await pombo.startWorker();
  await pombo.pair(devices);
  const pool = mintPoolId(randomBytes(8));
  const pooled = { name: "bench", strategy: "balanced", devices: pombo.devices } as const;
  await pombo.ledger.createPool({ id: pool, ...pooled, keyId: KEY_ID, now: Date.now() });
  const numbersOf = (): Numbers => ({
    first: stage.takeNumbers(devices * CONTACTS),
    perDevice: CONTACTS,
  });
  const [ofRaw, ofPombo] = [numbersOf(), numbersOf()];
  const rounds = { raw: [] as RoundEnd[], pombo: [] as BatchEnd[] };
  for (let round = -1; round < options.rounds; round += 1) {
    const count = round < 0 ? WARM_UP : perDevice;
    say(round < 0 ? "bulk-dispatch: warming up" : `bulk-dispatch: round ${round + 1}`);
    // oxlint-disable-next-line no-await-in-loop -- never both at once
    const rawEnd = await raw.round({
      devices,
      perDevice: Math.min(count, MOST_RAW),
      numbers: ofRaw,
    });
    const kills = round < 0 ? 0 : options.kills;
    const upload = { pool, numbers: ofPombo, devices, perDevice: count, kills, watched };
    // oxlint-disable-next-line no-await-in-loop
    const pomboEnd = await sendBatch(stage, pombo, upload);
    if (round >= 0) rounds.raw.push(rawEnd);
    if (round >= 0) rounds.pombo.push(pomboEnd);
  }
  process.stdout.write(reportOf(devices, rounds));
}

async function sendBatch(stage: Stage, pombo: Pombo, upload: Upload): Promise<BatchEnd> {
  const { ledger, events } = pombo;
  const { kills, numbers, devices, watched } = upload;
  const messages = devices * upload.perDevice;
  const id = await store(pombo, upload);
  await pause(300);
  const from = await events.end();
  // The CPU time of a process that was killed is not told.
  const client = kills > 0 ? undefined : pombo.worker();
  const programs = { simulator: stage.simulator, ...(client === undefined ? {} : { client }) };
  const { result: seen, ...cost } = await metered({ redis: stage.redis, programs }, async () => {
    await ledger.steerBatch(id, "resume", Date.now());
    if (watched) return witness(pombo, { id, rows: messages, kills });
    await events.untilRead(from, messages, EVENTS_A_ROW);
    return NOBODY_LOOKED;
  });
  const { provedAt, failed, read } = await events.since(from);
  if (provedAt.size !== messages || failed > 0)
    throw new Error(`of ${messages} rows ${provedAt.size} were sent, ${failed} failed`);
  const times = [...provedAt.values()];
  const perSecond = ((messages - 1) / ((times.at(-1) ?? 0) - (times[0] ?? 0))) * 1_000;
  const copies = await onPhones(stage.simulator, { ...numbers, devices }, id);
  const copied = [...copies.values()].filter((count) => count > 1).length;
  if (copies.size !== messages || seen.wrong.length > 0)
    throw new Error(`phones have ${copies.size} of ${messages} rows; ${seen.wrong.join("; ")}`);
  return { ...cost, messages, perSecond, latencies: [], read, seen, onPhones: copies.size, copied };
}

/** The rows of a batch that is paused, one number after the other. */
async function store({ ledger, devices: deviceIds }: Pombo, upload: Upload): Promise<BatchId> {
  const { pool, numbers, devices, perDevice } = upload;
  const created = await ledger.createBatch({
    id: mintBatchId(randomBytes(6)),
    settings: {
      from: pool,
      priority: "bulk",
      template: { kind: "text", text: "{{text}}" },
      dedupe: "none",
      onInvalid: "skip",
      start: "complete",
    },
    deviceIds,
    poolId: pool,
    keyId: KEY_ID,
    now: Date.now(),
  });
  if (created.kind !== "created") throw new Error(`the batch was not created: ${created.kind}`);
  const { batch } = created;
  await ledger.steerBatch(batch.id, "pause", Date.now());
  const count = devices * perDevice;
  for (let first = 0; first < count; first += CHUNK_ROWS) {
    const rows = Array.from({ length: Math.min(CHUNK_ROWS, count - first) }, (_, at): PackedRow => {
      const to = numberOf(numbers, (first + at) % devices, Math.floor((first + at) / devices));
      return { to, values: [textOf(randomBytes(9).toString("hex"))] };
    });
    const index = first / CHUNK_ROWS;
    const chunk = { index, hash: String(index), rows, errors: [], now: Date.now() };
    // oxlint-disable-next-line no-await-in-loop -- chunks come in their order
    const { kind } = await ledger.appendChunk(batch, chunk);
    if (kind !== "stored") throw new Error(`a chunk was not stored: ${kind}`);
  }
  await ledger.finishUpload(batch.id, { rows: count, now: Date.now() });
  return batch.id;
}

function reportOf(
  devices: number,
  { raw, pombo }: { readonly raw: readonly RoundEnd[]; readonly pombo: readonly BatchEnd[] },
): string {
  const ratio = median(
    pombo.map((end, index) => end.perSecond / (raw[index]?.perSecond ?? Number.NaN)),
  );
  const rates = table(`bulk-dispatch: rows of a batch from a pool of ${devices} devices, warm`, [
    ["", "rows/s", "beside raw", "client CPU ms", "Redis µs", "rows a round"],
    row("bare Baileys", raw, "1"),
    row("Pombo", pombo, against(ratio, { least: 0.9 })),
  ]);
  if (pombo.every(({ seen }) => seen.kills === 0)) return rates;
  const witnessed = pombo.map(({ seen, onPhones: rows, copied, messages, read }, index) => [
    String(index + 1),
    ...[seen.kills, seen.looks, seen.wrong.length, rows, messages - rows, copied, read].map(String),
  ]);
  const head = [
    "round",
    "kills",
    "looks",
    "wrong counts",
    "rows on phones",
    "lost",
    "came again under the same id",
    "read",
  ];
  return `${rates}${table("bulk-dispatch: its worker killed with -9", [head, ...witnessed])}`;
}

function row(title: string, ends: readonly RoundEnd[], share: string): string[] {
  return [
    title,
    rounded(median(ends.map((end) => end.perSecond)), 0),
    share,
    rounded(median(ends.map((end) => (end.cpuMs["client"] ?? Number.NaN) / end.messages))),
    rounded(median(ends.map((end) => end.redisUs / end.messages)), 0),
    String(ends[0]?.messages ?? 0),
  ];
}

import {
  type BatchError,
  type BatchId,
  type BatchSettings,
  type BatchState,
  type BatchWish,
  type DeviceId,
  endUpload,
  judgeWish,
  type MessageId,
  nextDue,
  type PackedRow,
  type PoolId,
  packRows,
  type Settings,
  startStreaming,
  unpackRows,
} from "@pombo/domain";
import type { Keys, Redis, ScriptArgument } from "@pombo/redis";
import { promisify } from "node:util";
import { deflateRaw, inflateRaw } from "node:zlib";
import { type BatchChores, batchChores } from "./batch-chores.ts";
import { type BatchRecord, readBatch } from "./batch-record.ts";
import { type Claims, claimsOf, placeOf, scopeOf } from "./batch-refs.ts";
import { batchDecider } from "./decide-batch.ts";
import type { Draws } from "./draws.ts";
import type { Run } from "./scripts.ts";

export interface NewBatch {
  /** Minted by the caller (`mintBatchId`); what counts is the id that comes back. */
  readonly id: BatchId;
  readonly settings: BatchSettings;
  /** What it may be sent from: the one device, or those of the pool. */
  readonly deviceIds: readonly DeviceId[];
  readonly poolId?: PoolId;
  /** Of the API key. */
  readonly keyId: string;
  /** Of the Idempotency-Key (digest of key, route and header), with what must be the same in a repeat: the settings as they were sent. */
  readonly claim?: { readonly digest: string; readonly fingerprint: string };
  /** ms since the epoch */
  readonly now: number;
}

/** `resumed`: the same upload began before under its idempotency key, and goes on (or has ended well already). */
export type CreatedBatch =
  | { readonly kind: "created" | "resumed"; readonly batch: BatchRecord }
  /** Other settings under the same idempotency key. */
  | { readonly kind: "reused" }
  | { readonly kind: "no-device"; readonly deviceId: DeviceId };

/** Consecutive rows of an upload: `CHUNK_ROWS` of them, fewer only in the last chunk, which comes when the body has ended well. */
export interface NewChunk {
  /** From 0. */
  readonly index: number;
  /** Over all rows of the upload up to the end of this chunk, as they were sent: at most 64 characters. */
  readonly hash: string;
  /** `null`: not accepted; `errors` says why. */
  readonly rows: readonly (PackedRow | null)[];
  /** One or more for each row that is `null`, and none for others. */
  readonly errors: readonly BatchError[];
  readonly now: number;
}

export type Appended =
  /** `stored` now, or the `same` before. */
  | { readonly kind: "stored" | "same" }
  /** Another upload had these rows, or more of them, or fewer: see `readChunk` for what is stored. */
  | { readonly kind: "differs" }
  /** Nothing was stored: these rows (of the upload, from 1) are duplicates of messages. Append again without them. */
  | {
      readonly kind: "taken";
      readonly duplicates: readonly { readonly row: number; readonly messageId: MessageId }[];
    }
  /** Chunks come in their order: this many are stored. */
  | { readonly kind: "gap"; readonly chunks: number }
  /** It was canceled or abandoned meanwhile. */
  | { readonly kind: "ended"; readonly state: BatchState }
  | { readonly kind: "absent" };

export type FinishedUpload =
  | { readonly kind: "finished"; readonly batch: BatchRecord }
  /** More rows are stored than this upload had. */
  | { readonly kind: "differs" }
  | { readonly kind: "ended"; readonly state: BatchState }
  | { readonly kind: "absent" };

export type SteeredBatch =
  /** It is so now, or was already. */
  | { readonly kind: "steered"; readonly batch: BatchRecord }
  /** It has ended. */
  | { readonly kind: "refused"; readonly batch: BatchRecord }
  | { readonly kind: "absent" };

/** Where a page of batches goes on: creation and id of the last one seen. */
export interface BatchCursor {
  readonly at: number;
  readonly id: BatchId;
}

/** Many messages from one upload. */
export interface Batches {
  /** A repeat under the same idempotency key finds the first one. */
  createBatch(batch: NewBatch): Promise<CreatedBatch>;
  /** All or nothing: rows, counts, errors, event. */
  appendChunk(
    batch: Pick<BatchRecord, "id" | "keyId" | "settings">,
    chunk: NewChunk,
  ): Promise<Appended>;
  /** The body has ended well, and all its chunks are stored. A repeat answers the same. */
  finishUpload(
    id: BatchId,
    upload: { readonly rows: number; readonly now: number },
  ): Promise<FinishedUpload>;
  findBatch(id: BatchId): Promise<BatchRecord | undefined>;
  /** The one that was created under an idempotency key, by the digest of its claim. */
  claimedBatch(digest: string): Promise<BatchRecord | undefined>;
  /** Those that there are. */
  batchesAmong(ids: readonly BatchId[]): Promise<ReadonlySet<BatchId>>;
  /** Newest first. `next`: where to go on, absent at the end. */
  listBatches(page: {
    readonly before?: BatchCursor;
    readonly limit: number;
  }): Promise<{ readonly batches: readonly BatchRecord[]; readonly next?: BatchCursor }>;
  /** Takes effect for everything that is not in hand, without walking it. */
  steerBatch(id: BatchId, wish: BatchWish, now: number): Promise<SteeredBatch>;
  /** Undefined when it is not stored. */
  readChunk(id: BatchId, index: number): Promise<readonly (PackedRow | null)[] | undefined>;
  /**
   * The messages that have these values already: undefined for what is free. Of `clientRefs` any message of the key's batches,
   * of `recipients` those of this batch.
   */
  findDuplicates(
    batch: Pick<BatchRecord, "id" | "keyId" | "settings">,
    values: readonly string[],
  ): Promise<readonly (MessageId | undefined)[]>;
  /** Rows that were not accepted, in their order, from the `after`-th entry on (from 0). */
  batchErrors(
    id: BatchId,
    page: { readonly after: number; readonly limit: number },
  ): Promise<readonly BatchError[]>;
}

interface BatchDeps extends Pick<Draws, "sweepBatch"> {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

export function batches(deps: BatchDeps): Batches & BatchChores {
  const { redis, keys, run, settings } = deps;
  const uploadMs = settings.batch_upload_ms;

  async function read(ids: readonly BatchId[]): Promise<readonly BatchRecord[]> {
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hgetall(keys.batch(id)).hgetall(keys.counts(id));
    const hashes = ((await pipeline.exec()) ?? []).map(([error, value]) => {
      if (error) throw error;
      return value as Readonly<Record<string, string>>;
    });
    return ids.flatMap(
      (id, index) => readBatch(id, hashes[index * 2] ?? {}, hashes[index * 2 + 1] ?? {}) ?? [],
    );
  }

  async function findBatch(id: BatchId): Promise<BatchRecord | undefined> {
    return (await read([id]))[0];
  }

  async function readChunk(
    id: BatchId,
    index: number,
  ): Promise<readonly (PackedRow | null)[] | undefined> {
    const bytes = await redis.hgetBuffer(keys.rows(id), String(index));
    return bytes === null ? undefined : unpackRows(String(await inflate(bytes)));
  }

  async function decided(id: BatchId): Promise<BatchRecord> {
    const batch = await findBatch(id);
    if (batch === undefined) throw new Error(`${id} vanished`);
    return batch;
  }

  const decide = batchDecider({ run, findBatch, uploadMs });
  const chores = batchChores({ ...deps, decide, findBatch, readChunk });

  return {
    serveBatches: (now, limit) => chores.serveBatches(now, limit),
    async createBatch(batch) {
      const [kind, value] = (await run("create-batch", ...createArguments(batch, uploadMs))) as [
        CreatedBatch["kind"],
        string?,
      ];
      if (kind === "reused") return { kind };
      if (kind === "no-device") return { kind, deviceId: value as DeviceId };
      return { kind, batch: await decided(value as BatchId) };
    },
    async appendChunk(batch, chunk) {
      const within = claimsOf(batch, chunk);
      if (within.duplicates.length > 0) return { kind: "taken", duplicates: within.duplicates };
      const bytes = await deflate(packRows(chunk.rows), { level: 1 });
      const reply = await run(
        "append-chunk",
        ...appendArguments(batch, chunk, { bytes, ...within }),
      );
      const appended = readAppended(reply as readonly string[]);
      if (appended.kind === "stored" && batch.settings.start === "streaming")
        await decide(batch.id, chunk.now, (seen) => {
          const move = startStreaming(seen, chunk.now);
          return move === undefined ? ({ kind: "same" } as const) : { kind: "move", move };
        });
      return appended;
    },
    async finishUpload(id, { rows, now }) {
      const end = await decide<
        { kind: "differs" } | { kind: "finished" } | { kind: "ended"; state: BatchState }
      >(id, now, (batch) => {
        if (batch.rows !== rows) return { kind: "differs" };
        if (batch.uploadedAt !== undefined) return { kind: "finished" };
        if (batch.state === "canceled" || batch.state === "abandoned")
          return { kind: "ended", state: batch.state };
        return { kind: "move", move: endUpload(batch, now), uploaded: true };
      });
      return end.kind === "moved" || end.kind === "finished"
        ? { kind: "finished", batch: await decided(id) }
        : end;
    },
    findBatch,
    async claimedBatch(digest) {
      const id = await redis.hget(keys.idempotency(digest), "message");
      return id === null ? undefined : findBatch(id as BatchId);
    },
    async batchesAmong(ids) {
      const pipeline = redis.pipeline();
      for (const id of ids) pipeline.exists(keys.batch(id));
      const replies = (await pipeline.exec()) ?? [];
      return new Set(ids.filter((_, index) => replies[index]?.[1] === 1));
    },
    async listBatches({ before, limit }) {
      const ids = await batchIds({ redis, keys }, before, limit);
      const last = ids.at(-1);
      const found = await read(ids.map(({ id }) => id));
      return ids.length < limit || last === undefined
        ? { batches: found }
        : { batches: found, next: last };
    },
    async steerBatch(id, wish, now) {
      const end = await decide<{ kind: "same" | "refused" }>(id, now, (batch) =>
        judgeWish(wish, batch, now),
      );
      if (end.kind === "absent") return end;
      if (wish === "cancel") await chores.sweep(id, now);
      return { kind: end.kind === "refused" ? end.kind : "steered", batch: await decided(id) };
    },
    readChunk,
    async findDuplicates(batch, values) {
      if (batch.settings.dedupe === "none" || values.length === 0)
        return values.map(() => undefined);
      const places = values.flatMap((value) => Object.values(placeOf(value)));
      const found = (await run("find-refs", scopeOf(batch), ...places)) as string[];
      return found.map((id) => (id === "" ? undefined : (`3EB0${id}` as MessageId)));
    },
    async batchErrors(id, { after, limit }) {
      const found = await redis.lrange(keys.batcherrors(id), after, after + limit - 1);
      return found.map((text) => JSON.parse(text) as BatchError);
    },
  };
}

function createArguments(batch: NewBatch, uploadMs: number): ScriptArgument[] {
  const { id, settings, deviceIds, poolId, keyId, claim, now } = batch;
  const { priority, sendAt, expiresAt } = settings;
  const rest = (sendAt ?? 0) > now ? "scheduled" : "queued";
  const fields = {
    key: keyId,
    settings: JSON.stringify(settings),
    class: priority,
    ...(sendAt === undefined ? {} : { send_at: sendAt }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    ...(settings.quietHours === undefined ? {} : { quiet: JSON.stringify(settings.quietHours) }),
    ...(poolId === undefined ? {} : { pool: poolId }),
  };
  const facts = {
    ...settings,
    rest,
    state: "receiving",
    createdAt: now,
    refused: 0,
    open: 0,
  } as const;
  const [only] = deviceIds;
  return [
    id,
    claim?.digest ?? "",
    claim?.fingerprint ?? "",
    now,
    poolId === undefined ? (only ?? "") : "",
    JSON.stringify(deviceIds),
    nextDue(facts, uploadMs) ?? 0,
    rest,
    ...Object.entries(fields).flat(),
  ];
}

function appendArguments(
  batch: Pick<BatchRecord, "id" | "keyId" | "settings">,
  { index, hash, rows, errors, now }: NewChunk,
  { bytes, claims }: Pick<Claims, "claims"> & { readonly bytes: Buffer },
): ScriptArgument[] {
  const refused = new Map(errors.map(({ row, kind }) => [row, kind]));
  const count = (kind: BatchError["kind"]): number =>
    [...refused.values()].filter((one) => one === kind).length;
  return [
    batch.id,
    index,
    hash,
    now,
    bytes,
    rows.length,
    rows.filter((row) => row !== null).length,
    count("invalid"),
    count("duplicate"),
    count("suppressed"),
    errors.length,
    claims.length === 0 ? "" : scopeOf(batch),
    ...errors.map((error) => JSON.stringify(error)),
    ...claims,
  ];
}

function readAppended([kind, ...values]: readonly string[]): Appended {
  switch (kind as Appended["kind"]) {
    case "taken":
      return { kind: "taken", duplicates: pairsOf(values) };
    case "gap":
      return { kind: "gap", chunks: Number(values[0]) };
    case "ended":
      return { kind: "ended", state: values[0] as BatchState };
    case "stored":
    case "same":
    case "differs":
    case "absent":
      return { kind: kind as "stored" | "same" | "differs" | "absent" };
  }
}

function pairsOf(
  flat: readonly string[],
): readonly { readonly row: number; readonly messageId: MessageId }[] {
  return flat.flatMap((row, at) =>
    at % 2 === 0 ? [{ row: Number(row), messageId: `3EB0${flat[at + 1]}` as MessageId }] : [],
  );
}

async function batchIds(
  { redis, keys }: Pick<BatchDeps, "redis" | "keys">,
  before: BatchCursor | undefined,
  limit: number,
): Promise<readonly BatchCursor[]> {
  const max = before === undefined ? "+inf" : before.at;
  // Batches of one instant are sorted by id; those that the page before has shown are skipped.
  const extra = before === undefined ? 0 : await redis.zcount(keys.batches(), max, max);
  const flat = await redis.zrevrangebyscore(
    keys.batches(),
    max,
    "-inf",
    "WITHSCORES",
    "LIMIT",
    0,
    limit + extra,
  );
  const found = flat.flatMap((id, at) =>
    at % 2 === 0 ? [{ id: id as BatchId, at: Number(flat[at + 1]) }] : [],
  );
  const rest =
    before === undefined ? found : found.filter(({ at, id }) => at < before.at || id < before.id);
  return rest.slice(0, limit);
}

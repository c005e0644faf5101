import {
  type BatchError,
  type BatchId,
  type BatchMove,
  batchDue,
  type BatchSettings,
  type BatchState,
  type BatchWish,
  CHUNK_ROWS,
  type DeviceId,
  endUpload,
  judgeWish,
  type MessageId,
  nextDue,
  type PackedRow,
  type PoolId,
  packRows,
  rowMessageId,
  type Settings,
  startStreaming,
  unpackRows,
} from "@pombo/domain";
import type { Keys, Redis, ScriptArgument } from "@pombo/redis";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { deflateRaw, inflateRaw } from "node:zlib";
import { type BatchRecord, readBatch } from "./batch-record.ts";
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
  /** Does what time brings to batches: starts, expiries, uploads that nobody ended. How many were looked at. */
  serveBatches(now: number, limit: number): Promise<number>;
}

interface BatchDeps extends Pick<Draws, "sweepBatch"> {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** What a look at a batch came to: a move, or an answer as it is. */
type Decision<Answer> =
  | { readonly kind: "move"; readonly move: BatchMove; readonly uploaded?: true }
  | Answer;

/** Steps of a sweep that whoever ends a batch takes himself; the workers take the others. */
const SWEEPS_AT_ONCE = 20;

export function batches({ redis, keys, run, settings, sweepBatch }: BatchDeps): Batches {
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

  /** Decides about the batch as it is, until a decision holds. The batch as it is then, or the answer instead. */
  async function decide<Answer extends { readonly kind: string }>(
    id: BatchId,
    now: number,
    judge: (batch: BatchRecord) => Decision<Answer>,
  ): Promise<Answer | { readonly kind: "absent" } | { readonly kind: "moved" }> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- it changed meanwhile: look again
      const batch = await findBatch(id);
      if (batch === undefined) return { kind: "absent" };
      const decision = judge(batch);
      if (!isMove(decision)) return decision;
      // oxlint-disable-next-line no-await-in-loop
      if (await moveBatch(batch, decision, now)) return { kind: "moved" };
    }
  }

  async function moveBatch(
    seen: BatchRecord,
    { move, uploaded }: Extract<Decision<never>, { kind: "move" }>,
    now: number,
  ): Promise<boolean> {
    const moved = {
      ...seen,
      state: move.to,
      rest: move.rest ?? seen.rest,
      ...(uploaded === true ? { uploadedAt: now } : {}),
    };
    const reply = await run(
      "move-batch",
      seen.id,
      seen.version,
      uploaded === true ? seen.chunks : "",
      move.to,
      eventOf(seen, move),
      move.rest ?? "",
      now,
      uploaded === true ? "1" : "",
      move.reason ?? "",
      nextDue(moved, uploadMs) ?? 0,
    );
    return reply === 1;
  }

  /** False when there is more. */
  async function sweep(id: BatchId, now: number): Promise<boolean> {
    for (let step = 0; step < SWEEPS_AT_ONCE; step += 1)
      // oxlint-disable-next-line no-await-in-loop -- step by step, so that others have their turn
      if (!(await sweepBatch(id, now))) return true;
    return false;
  }

  async function decided(id: BatchId): Promise<BatchRecord> {
    const batch = await findBatch(id);
    if (batch === undefined) throw new Error(`${id} vanished`);
    return batch;
  }

  return {
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
      if (end.kind === "moved" && wish === "cancel") await sweep(id, now);
      return { kind: end.kind === "refused" ? end.kind : "steered", batch: await decided(id) };
    },
    async readChunk(id, index) {
      const bytes = await redis.hgetBuffer(keys.rows(id), String(index));
      return bytes === null ? undefined : unpackRows(String(await inflate(bytes)));
    },
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
    async serveBatches(now, limit) {
      const due = await redis.zrangebyscore(keys.batchdues(), "-inf", now, "LIMIT", 0, limit);
      for (const id of due as BatchId[]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other: they are few
        if ((await findBatch(id))?.sweeping === true) await sweep(id, now);
        else
          // oxlint-disable-next-line no-await-in-loop
          await decide(id, now, (batch) => {
            const move = batchDue(batch, now, uploadMs);
            return move === undefined ? ({ kind: "same" } as const) : { kind: "move", move };
          });
      }
      return due.length;
    },
  };
}

function isMove<Answer extends { readonly kind: string }>(
  decision: Decision<Answer>,
): decision is Extract<Decision<never>, { kind: "move" }> {
  return decision.kind === "move";
}

/** What the event of a move is called; empty: there is nothing to tell. */
function eventOf(seen: BatchRecord, { to, rest }: BatchMove): string {
  if (to === seen.state) return rest === "expired" ? "expired" : "";
  if (seen.state === "paused" && (to === "running" || to === "ready")) return "resumed";
  return to === "receiving" ? "resumed" : to;
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

interface Claims {
  /** Bucket, digest and row of what must not come twice. */
  readonly claims: readonly ScriptArgument[];
  readonly duplicates: readonly { readonly row: number; readonly messageId: MessageId }[];
}

/** What the rows of a chunk must have alone, and which of them have it from an earlier one of the same chunk. */
function claimsOf(
  { id, settings }: Pick<BatchRecord, "id" | "settings">,
  { index, rows }: NewChunk,
): Claims {
  const first = index * CHUNK_ROWS + 1;
  const owners = new Map<string, number>();
  const duplicates: { readonly row: number; readonly messageId: MessageId }[] = [];
  for (const [at, row] of rows.entries()) {
    const value = row === null ? undefined : uniqueOf(row, settings);
    if (value === undefined) continue;
    const owner = owners.get(value);
    if (owner === undefined) owners.set(value, first + at);
    else duplicates.push({ row: first + at, messageId: rowMessageId(id, owner) });
  }
  const claims = [...owners].flatMap(([value, row]) => [...Object.values(placeOf(value)), row]);
  return { claims, duplicates };
}

function uniqueOf({ to, clientRef }: PackedRow, { dedupe }: BatchSettings): string | undefined {
  if (dedupe === "none") return undefined;
  return dedupe === "recipient" ? to : clientRef;
}

/** Which index a batch's rows must be alone in. */
function scopeOf({ id, keyId, settings }: Pick<BatchRecord, "id" | "keyId" | "settings">): string {
  return settings.dedupe === "recipient" ? id : keyId;
}

/** Redis keeps small hashes compactly: an index of a million has some 250 entries in each. */
const BUCKETS = 4_096;

/** Ten bytes are enough: two of 2^40 values are alike with a chance of one in two. */
function placeOf(value: string): { readonly bucket: number; readonly digest: string } {
  const hash = createHash("sha256").update(value).digest();
  return {
    bucket: hash.readUInt16BE(30) % BUCKETS,
    digest: hash.subarray(0, 10).toString("base64url"),
  };
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

import {
  type BatchId,
  CHUNK_ROWS,
  type DeviceId,
  type MessageId,
  type MessageStatus,
  type PackedRow,
  readContent,
  renderRows,
  rowMessageId,
  rowOf,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Batches } from "./batches.ts";
import type { BatchRecord } from "./batch-record.ts";
import {
  type MessageHash,
  type MessageRecord,
  readMessage,
  readTimeline,
} from "./message-record.ts";

/** An accepted row of a batch as the message that it is. */
export interface BatchRow {
  readonly row: number;
  readonly message: MessageRecord;
}

/** The messages of batches, also those that were not drawn yet. */
export interface BatchRows {
  /**
   * Accepted rows behind a row, in their order. `next`: where to go on, absent at the end. A page may hold fewer than asked for, even
   * none, and still have a next one: at most {@link CHUNK_ROWS} rows are looked at.
   */
  batchRows(
    batch: BatchRecord,
    page: { readonly after: number; readonly limit: number },
  ): Promise<{ readonly rows: readonly BatchRow[]; readonly next?: number }>;
  /**
   * For ids that have no record of their own, in their order: the messages of rows that were not drawn yet, or have been drawn in this
   * very moment; undefined for all others.
   */
  undrawnRows(ids: readonly MessageId[]): Promise<readonly (MessageRecord | undefined)[]>;
}

interface RowsDeps extends Pick<Batches, "batchesAmong" | "findBatch" | "readChunk"> {
  readonly redis: Redis;
  readonly keys: Keys;
}

export function batchRows(deps: RowsDeps): BatchRows {
  const { redis, keys, findBatch, readChunk } = deps;
  /** What became of rows before they were drawn. */
  async function exitsOf(
    id: BatchId,
    rows: readonly number[],
  ): Promise<readonly (string | null)[]> {
    return rows.length === 0 ? [] : redis.hmget(keys.exits(id), ...rows.map(String));
  }

  async function messagesOf(ids: readonly MessageId[]): Promise<readonly MessageHash[]> {
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.hgetall(keys.message(id));
    return ((await pipeline.exec()) ?? []).map(([error, hash]) => {
      if (error) throw error;
      return hash as MessageHash;
    });
  }

  /** Of these rows, which have no record of their own: those that wait in the batch, or left it before they were drawn. */
  async function undrawnOf(
    batch: BatchRecord,
    rows: readonly number[],
  ): Promise<ReadonlyMap<number, MessageRecord>> {
    const exits = new Map<number, string>();
    const kept = await exitsOf(batch.id, rows);
    for (const [at, row] of rows.entries()) exits.set(row, kept[at] ?? "");
    const waiting = rows.filter(
      (row) =>
        row <= batch.rows && (row >= batch.cursor || exits.get(row)?.startsWith(CANCELED) === true),
    );
    const indexes = new Set(waiting.map(chunkOf));
    const chunks = new Map(
      await Promise.all(
        [...indexes].map(async (index) => [index, await readChunk(batch.id, index)] as const),
      ),
    );
    const render = renderRows(batch.settings);
    const records = new Map<number, MessageRecord>();
    for (const row of waiting) {
      const packed = chunks.get(chunkOf(row))?.[(row - 1) % CHUNK_ROWS] ?? undefined;
      if (packed !== undefined)
        records.set(row, recordOf({ batch, row, packed, exit: exits.get(row) ?? "" }, render));
    }
    return records;
  }

  return {
    async batchRows(batch, { after, limit }) {
      const index = chunkOf(after + 1);
      const chunk = await readChunk(batch.id, index);
      if (chunk === undefined) return { rows: [] };
      const accepted: number[] = [];
      let row = after;
      const end = Math.min(batch.rows, (index + 1) * CHUNK_ROWS);
      while (row < end && accepted.length < limit) {
        row += 1;
        if (chunk[(row - 1) % CHUNK_ROWS] !== null) accepted.push(row);
      }
      const hashes = await messagesOf(accepted.map((one) => rowMessageId(batch.id, one)));
      const drawn = accepted.map((one, at) =>
        readMessage(rowMessageId(batch.id, one), hashes[at] ?? {}),
      );
      const undrawn = await undrawnOf(
        batch,
        accepted.filter((_, at) => drawn[at] === undefined),
      );
      const rows = accepted.flatMap((one, at) => {
        const message = drawn[at] ?? undrawn.get(one);
        return message === undefined ? [] : [{ row: one, message }];
      });
      return row < batch.rows ? { rows, next: row } : { rows };
    },
    async undrawnRows(ids) {
      const places = ids.map((id) => rowOf(id));
      const known = await deps.batchesAmong([...new Set(places.map(({ batchId }) => batchId))]);
      const found = new Map<BatchId, ReadonlyMap<number, MessageRecord>>();
      for (const id of known) {
        const rows = places.filter(({ batchId }) => batchId === id).map(({ row }) => row);
        // oxlint-disable-next-line no-await-in-loop -- mostly one
        found.set(id, await nowOf(id, rows));
      }
      return places.map(({ batchId, row }) => found.get(batchId)?.get(row));
    },
  };

  /** Of these rows, which had no record of their own a moment ago: they may have been drawn since. */
  async function nowOf(
    id: BatchId,
    rows: readonly number[],
  ): Promise<ReadonlyMap<number, MessageRecord>> {
    const batch = await findBatch(id);
    if (batch === undefined) return new Map();
    const undrawn = await undrawnOf(batch, rows);
    const drawn = rows.filter((row) => row < batch.cursor && !undrawn.has(row));
    const hashes = await messagesOf(drawn.map((row) => rowMessageId(id, row)));
    const records = drawn.flatMap((row, at) => {
      const message = readMessage(rowMessageId(id, row), hashes[at] ?? {});
      return message === undefined ? [] : [[row, message] as const];
    });
    return new Map([...undrawn, ...records]);
  }
}

/** What stands before the time, or the new content, of a row that left or was edited before it was drawn (leave-batch.lua). */
const CANCELED = "canceled|";
const EDITED = "body|";

function chunkOf(row: number): number {
  return Math.floor((row - 1) / CHUNK_ROWS);
}

/** A row that has no record of its own yet, as the message that it will be. */
function recordOf(
  of: {
    readonly batch: BatchRecord;
    readonly row: number;
    readonly packed: PackedRow;
    /** As `leave-batch` writes it. */
    readonly exit: string;
  },
  render: ReturnType<typeof renderRows>,
): MessageRecord {
  const { batch, row, packed, exit } = of;
  const id = rowMessageId(batch.id, row);
  const { settings } = batch;
  const canceledAt = exit.startsWith(CANCELED) ? Number(exit.slice(CANCELED.length)) : undefined;
  const timeline = timelineOf(batch, canceledAt);
  const status: MessageStatus = canceledAt === undefined ? batch.rest : "canceled";
  const waits = status === "scheduled" || status === "queued";
  const ended = waits ? undefined : timeline.at(-1);
  return {
    id,
    batchId: batch.id,
    ...(batch.poolId === undefined ? {} : { poolId: batch.poolId }),
    status,
    version: timeline.length,
    // A pool's row has a device when it is drawn.
    deviceId: (batch.poolId === undefined ? (batch.deviceIds[0] ?? "") : "") as DeviceId,
    generation: batch.generation,
    recipient: packed.to,
    content: exit.startsWith(EDITED) ? readContent(exit.slice(EDITED.length)) : render(packed, id),
    priority: settings.priority,
    sequence: 0,
    keyId: batch.keyId,
    createdAt: batch.createdAt,
    place: waits ? "batch" : "",
    timeline,
    attempts: 0,
    rounds: 0,
    mayHaveLeft: false,
    ...(status === "scheduled" && settings.sendAt !== undefined ? { nextAt: settings.sendAt } : {}),
    ...(settings.sendAt === undefined ? {} : { sendAt: settings.sendAt }),
    ...(settings.expiresAt === undefined ? {} : { expiresAt: settings.expiresAt }),
    ...(settings.quietHours === undefined ? {} : { quietHours: settings.quietHours }),
    ...(ended?.code === undefined
      ? {}
      : { lastError: { code: ended.code, detail: "", at: ended.at } }),
    ...(packed.clientRef === undefined ? {} : { clientRef: packed.clientRef }),
    ...(packed.metadata === undefined ? {} : { metadata: packed.metadata }),
  };
}

/** All rows of a batch have its log in common, each up to its own end. */
function timelineOf(
  { rowLog }: BatchRecord,
  canceledAt: number | undefined,
): MessageRecord["timeline"] {
  const log = readTimeline(rowLog);
  if (canceledAt === undefined) return log;
  const before = log.filter(({ at }) => at <= canceledAt);
  return [...before, { status: "canceled", at: canceledAt, code: "MESSAGE_CANCELED" }];
}

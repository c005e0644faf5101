import {
  CHUNK_ROWS,
  type DeviceId,
  type ErrorCode,
  type MessageId,
  type MessageStatus,
  type PackedRow,
  rowMessageId,
} from "@pombo/domain";
import type { BatchRecord, Ledger } from "@pombo/ledger";

/** An accepted row of a batch, and what became of it. */
export interface BatchRow {
  /** Counts all rows of the upload from 1. */
  readonly row: number;
  readonly messageId: MessageId;
  readonly status: MessageStatus;
  /** Absent: it has no device yet. */
  readonly deviceId?: DeviceId;
  /** digits, or a group JID */
  readonly recipient: string;
  readonly clientRef?: string;
  readonly code?: ErrorCode;
}

type Rows = Pick<Ledger, "messageHeads" | "readChunk">;

/** The accepted rows behind a row, in their order, a chunk at a time; messages that are not kept any more are passed over. */
export async function* batchRows(
  batch: BatchRecord,
  after: number,
  ledger: Rows,
): AsyncGenerator<readonly BatchRow[], void, undefined> {
  for (let index = Math.floor(after / CHUNK_ROWS); index < batch.chunks; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- chunk after chunk: no more is held than one
    const packed = await ledger.readChunk(batch.id, index);
    const first = index * CHUNK_ROWS + 1;
    const accepted = (packed ?? []).flatMap((row, at) =>
      row === null || first + at <= after ? [] : [{ row, number: first + at }],
    );
    // oxlint-disable-next-line no-await-in-loop
    yield await withStatus(batch, accepted, ledger);
  }
}

interface Accepted {
  readonly row: PackedRow;
  readonly number: number;
}

async function withStatus(
  batch: BatchRecord,
  accepted: readonly Accepted[],
  ledger: Rows,
): Promise<readonly BatchRow[]> {
  const ids = accepted.map(({ number }) => rowMessageId(batch.id, number));
  const heads = await ledger.messageHeads(ids);
  return accepted.flatMap(({ row, number }, index) => {
    const [messageId, head] = [ids[index], heads[index] ?? inBatch(batch, number)];
    if (messageId === undefined || head === undefined) return [];
    return {
      row: number,
      messageId,
      ...head,
      recipient: row.to,
      ...(row.clientRef === undefined ? {} : { clientRef: row.clientRef }),
    };
  });
}

/** What a row shows that was not drawn yet; undefined when it was. */
function inBatch(
  { cursor, rest, poolId, deviceIds }: BatchRecord,
  row: number,
): Pick<BatchRow, "status" | "deviceId"> | undefined {
  const [only] = poolId === undefined ? deviceIds : [];
  if (row < cursor) return undefined;
  return { status: rest, ...(only === undefined ? {} : { deviceId: only }) };
}

import type { DeviceId, ErrorCode, MessageId, MessageStatus } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { BatchRows } from "./batch-rows.ts";
import type { LetterCursor, Letters } from "./letters.ts";
import type { MessageRecord } from "./message-record.ts";

/** As much of a message as a poll over many needs. */
export interface MessageHead {
  readonly id: MessageId;
  readonly deviceId: DeviceId;
  readonly status: MessageStatus;
  readonly version: number;
  /** The last error, when there was one. */
  readonly code?: ErrorCode;
  /** An attempt may have reached WhatsApp. */
  readonly mayHaveLeft: boolean;
}

export interface LetterHead extends MessageHead {
  readonly failedAt: number;
}

/** Reads of many messages at once. */
export interface Polls {
  /** In the order of the ids; undefined for a message that is not kept. */
  messageHeads(ids: readonly MessageId[]): Promise<readonly (MessageHead | undefined)[]>;
  /** Newest first; `next` goes on behind the last one that was looked at, absent at the end. */
  letterHeads(page: { readonly before?: LetterCursor; readonly limit: number }): Promise<{
    readonly letters: readonly LetterHead[];
    readonly next?: LetterCursor;
  }>;
}

export function polls({
  redis,
  keys,
  letterIds,
  undrawnRows,
}: Pick<Letters, "letterIds"> &
  Pick<BatchRows, "undrawnRows"> & { readonly redis: Redis; readonly keys: Keys }): Polls {
  async function messageHeads(
    ids: readonly MessageId[],
  ): Promise<readonly (MessageHead | undefined)[]> {
    const pipeline = redis.pipeline();
    for (const id of ids)
      pipeline.hmget(keys.message(id), "device", "status", "version", "code", "left");
    const replies = (await pipeline.exec()) ?? [];
    const heads = ids.map((id, index) => {
      const [error, fields] = replies[index] ?? [];
      if (error) throw error;
      return readHead(id, fields as readonly (string | null)[]);
    });
    const missing = ids.filter((_, index) => heads[index] === undefined);
    if (missing.length === 0) return heads;
    const undrawn = await undrawnRows(missing);
    return ids.map((id, index) => heads[index] ?? headOf(undrawn[missing.indexOf(id)]));
  }
  return {
    messageHeads,
    async letterHeads(page) {
      const found = await letterIds(page);
      const heads = await messageHeads(found.map(({ id }) => id as MessageId));
      const letters = heads.flatMap((head, index) =>
        head === undefined ? [] : [{ ...head, failedAt: found[index]?.at ?? 0 }],
      );
      const last = found.at(-1);
      return found.length < page.limit || last === undefined
        ? { letters }
        : { letters, next: last };
    },
  };
}

function headOf(message: MessageRecord | undefined): MessageHead | undefined {
  if (message === undefined) return undefined;
  const { id, deviceId, status, version, lastError, mayHaveLeft } = message;
  const code = lastError === undefined ? {} : { code: lastError.code };
  return { id, deviceId, status, version, mayHaveLeft, ...code };
}

function readHead(id: MessageId, fields: readonly (string | null)[]): MessageHead | undefined {
  const [device, status, version, code, left] = fields;
  if (typeof device !== "string" || typeof status !== "string") return undefined;
  return {
    id,
    deviceId: device as DeviceId,
    status: status as MessageStatus,
    version: Number(version ?? 1),
    mayHaveLeft: left === "1",
    ...(typeof code === "string" ? { code: code as ErrorCode } : {}),
  };
}

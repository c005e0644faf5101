import { type DeviceId, type InboundMessage, tellInbound } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** The place of a received message among those of its device. */
export interface InboxCursor {
  /** ms since the epoch */
  readonly at: number;
  readonly id: string;
}

/** What others sent to our devices, kept for a while. Personal data. */
export interface Inbound {
  /** Once: false when it is known already. `old`: from history, no event. `optsOut`: its writer is on the suppression list from now on. */
  receive(
    deviceId: DeviceId,
    message: InboundMessage,
    now: number,
    how?: { readonly old?: boolean; readonly optsOut?: boolean },
  ): Promise<boolean>;
  findReceived(deviceId: DeviceId, id: string): Promise<InboundMessage | undefined>;
  /** Newest first. */
  listReceived(
    deviceId: DeviceId,
    page: { readonly before?: InboxCursor; readonly limit: number },
  ): Promise<readonly InboundMessage[]>;
}

/** Of a device, the newest are kept. */
const MOST_RECEIVED = 10_000;

export function inbound(redis: Redis, keys: Keys, run: Run): Inbound {
  /** Whoever hides his number, and whose number we know, is told by number. */
  async function byNumber(message: InboundMessage): Promise<InboundMessage> {
    if (!message.from.endsWith("@lid")) return message;
    const digits = await redis.get(keys.alias(message.from));
    if (digits === null) return message;
    const chat = message.chat === message.from ? digits : message.chat;
    return { ...message, chat, from: digits, lid: message.from };
  }
  /**
   * The names of who wrote it: his number as WhatsApp has it, his LID, and the number that we write to, which may be another way to write
   * the same account (Brazil's ninth digit).
   */
  async function namesOf({ from, lid }: InboundMessage): Promise<readonly string[]> {
    const ours = lid === undefined ? null : await redis.get(keys.alias(lid));
    return [...new Set([from, ours ?? from, lid ?? from])];
  }
  return {
    async receive(deviceId, given, now, { old = false, optsOut = false } = {}) {
      const message = await byNumber(given);
      const { id, at } = message;
      const record = JSON.stringify(message);
      const told = old ? "" : JSON.stringify(tellInbound(message));
      const names = optsOut && !old ? await namesOf(message) : [];
      const kept = [record, at, told, now, MOST_RECEIVED] as const;
      return (await run("receive", deviceId, id, ...kept, ...names)) === 1;
    },
    async findReceived(deviceId, id) {
      const record = await redis.get(keys.received(deviceId, id));
      return record === null ? undefined : (JSON.parse(record) as InboundMessage);
    },
    async listReceived(deviceId, { before, limit }) {
      const ids = await page(before, limit, (max, count, skip) =>
        redis.zrevrangebyscore(keys.inbox(deviceId), max, "-inf", "LIMIT", skip, count),
      );
      if (ids.length === 0) return [];
      const records = await redis.mget(ids.map((id) => keys.received(deviceId, id)));
      return records.flatMap((record) =>
        record === null ? [] : [JSON.parse(record) as InboundMessage],
      );
    },
  };
}

/** Those that share the cursor's time come in the order of their ids; the ones up to the cursor were told before. */
async function page(
  before: InboxCursor | undefined,
  limit: number,
  read: (max: string, count: number, skip: number) => Promise<string[]>,
): Promise<readonly string[]> {
  if (before === undefined) return read("+inf", limit, 0);
  const ids: string[] = [];
  let passed = false;
  for (let skip = 0; ; skip += limit) {
    // oxlint-disable-next-line no-await-in-loop -- goes on until the cursor is passed and the page is full
    const some = await read(String(before.at), limit, skip);
    for (const id of some) {
      if (passed) ids.push(id);
      if (id === before.id) passed = true;
    }
    if (some.length < limit || ids.length >= limit) break;
    // The message of the cursor is gone: go on with what is older.
    if (!passed && skip > MOST_RECEIVED) break;
  }
  if (!passed) return read(`(${before.at}`, limit, 0);
  return ids.slice(0, limit);
}

import {
  type Blocker,
  type DeviceState,
  explainWait,
  type MessageId,
  PRIORITIES,
  type Priority,
  type Wait,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { type MessageRecord, readMessage } from "./message-record.ts";

export interface MessageView {
  readonly message: MessageRecord;
  /** Why it doesn't move; absent when it moves or is settled. */
  readonly wait?: Wait;
}

export interface Views {
  findMessage(id: MessageId): Promise<MessageRecord | undefined>;
  /** The message, and why it waits. */
  viewMessage(id: MessageId, now: number): Promise<MessageView | undefined>;
}

export function views(redis: Redis, keys: Keys): Views {
  async function findMessage(id: MessageId): Promise<MessageRecord | undefined> {
    return readMessage(id, await redis.hgetall(keys.message(id)));
  }
  return {
    findMessage,
    async viewMessage(id, now) {
      const message = await findMessage(id);
      if (message === undefined) return undefined;
      if (message.place === "") return { message };
      const wait = await explain(redis, keys, { message, now });
      return wait === undefined ? { message } : { message, wait };
    },
  };
}

async function explain(
  redis: Redis,
  keys: Keys,
  { message, now }: { readonly message: MessageRecord; readonly now: number },
): Promise<Wait | undefined> {
  const { deviceId } = message;
  const [device, lane, owned, known] = await Promise.all([
    redis.hmget(keys.device(deviceId), "state", "state_at", "gen"),
    redis.hmget(
      keys.lane(deviceId),
      "throttled_until",
      "held_until",
      "pace_at",
      "paused",
      "gap_ms",
    ),
    redis.exists(keys.lease(deviceId)),
    redis.exists(keys.recipient(message.recipient)),
  ]);
  return explainWait({
    status: message.status,
    place: message.place,
    since: message.timeline.at(-1)?.at ?? message.createdAt,
    sameGeneration: Number(device[2]) === message.generation,
    device: {
      state: (device[0] ?? "disconnected") as DeviceState,
      since: Number(device[1]),
      owned: owned === 1,
    },
    throttledUntil: Number(lane[0]),
    heldUntil: Number(lane[1]),
    paceAt: Number(lane[2]),
    paused: lane[3] !== null,
    recipientKnown: known === 1,
    gapMs: Number(lane[4]),
    ahead: await ahead(redis, keys, message),
    now,
    ...(message.why === undefined ? {} : { why: message.why as Blocker }),
    ...(message.nextAt === undefined ? {} : { nextAt: message.nextAt }),
  });
}

/** How many messages of the lane go first. */
async function ahead(redis: Redis, keys: Keys, message: MessageRecord): Promise<number> {
  if (message.place !== "backlog") return 0;
  const { deviceId, generation, priority, id } = message;
  const key = (name: Priority): string => keys.backlog(deviceId, String(generation), name);
  const urgent = PRIORITIES.slice(0, PRIORITIES.indexOf(priority));
  const [rank, ...counts] = await Promise.all([
    redis.zrank(key(priority), id),
    ...urgent.map((name) => redis.zcard(key(name))),
  ]);
  return counts.reduce((sum, count) => sum + count, rank ?? 0);
}

import {
  type Blocker,
  budgetOf,
  type DeviceState,
  explainWait,
  type MessageId,
  type Pace,
  PRIORITIES,
  type Priority,
  resolvePace,
  type Settings,
  type Wait,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { drainGap } from "./drain-gap.ts";
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

export function views(redis: Redis, keys: Keys, settings: Settings): Views {
  async function findMessage(id: MessageId): Promise<MessageRecord | undefined> {
    return readMessage(id, await redis.hgetall(keys.message(id)));
  }
  return {
    findMessage,
    async viewMessage(id, now) {
      const message = await findMessage(id);
      if (message === undefined) return undefined;
      if (message.place === "") return { message };
      const wait = await explain({ redis, keys, settings }, message, now);
      return wait === undefined ? { message } : { message, wait };
    },
  };
}

const LANE_FIELDS = [
  "throttled_until",
  "held_until",
  "pace_at",
  "paused",
  "gap_ms",
  "day",
  "day_sent",
  "day_cold",
  "drain_ms",
  "fed_at",
] as const;

async function explain(
  deps: { readonly redis: Redis; readonly keys: Keys; readonly settings: Settings },
  message: MessageRecord,
  now: number,
): Promise<Wait | undefined> {
  const { redis, keys, settings } = deps;
  const { deviceId } = message;
  const [device, fields, owned, known] = await Promise.all([
    redis.hmget(keys.device(deviceId), "state", "state_at", "gen", "pace", "paired_at"),
    redis.hmget(keys.lane(deviceId), ...LANE_FIELDS),
    redis.exists(keys.lease(deviceId)),
    redis.exists(keys.recipient(message.recipient)),
  ]);
  const lane = Object.fromEntries(
    LANE_FIELDS.map((name, index) => [name, Number(fields[index] ?? 0)]),
  ) as Record<(typeof LANE_FIELDS)[number], number>;
  const asked = JSON.parse(device[3] ?? "{}") as Pace;
  const pace = resolvePace(asked, settings, { now, pairedAt: Number(device[4] ?? 0) });
  const count = { day: lane.day, sent: lane.day_sent, cold: lane.day_cold };
  const budget = budgetOf(now, pace, count);
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
    throttledUntil: lane.throttled_until,
    heldUntil: lane.held_until,
    paceAt: lane.pace_at,
    budgetSpentUntil: budget.left === 0 ? budget.renewsAt : 0,
    paused: lane.paused > 0,
    recipientKnown: known === 1,
    gapMs: drainGap({ pace, drainMs: lane.drain_ms, fedAt: lane.fed_at }, now),
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

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
  rowOf,
  type Settings,
  targetOf,
  type Wait,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { BatchRows } from "./batch-rows.ts";
import { drainGap } from "./drain-gap.ts";
import { type MessageRecord, readMessage } from "./message-record.ts";

export interface MessageView {
  readonly message: MessageRecord;
  /** Why it doesn't move; absent when it moves or is settled. */
  readonly wait?: Wait;
  /** The message that stands before it. */
  readonly behind?: MessageId;
}

export interface Views {
  findMessage(id: MessageId): Promise<MessageRecord | undefined>;
  /** The message, and why it waits. */
  viewMessage(id: MessageId, now: number): Promise<MessageView | undefined>;
  /** Why each of these waits: in their order, undefined for what moves or is settled. */
  explainWaits(
    messages: readonly MessageRecord[],
    now: number,
  ): Promise<readonly (Wait | undefined)[]>;
}

interface ViewDeps extends Pick<BatchRows, "undrawnRows"> {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly settings: Settings;
}

export function views({ redis, keys, settings, undrawnRows }: ViewDeps): Views {
  async function findMessage(id: MessageId): Promise<MessageRecord | undefined> {
    return readMessage(id, await redis.hgetall(keys.message(id))) ?? (await undrawnRows([id]))[0];
  }
  return {
    findMessage,
    async viewMessage(id, now) {
      const message = await findMessage(id);
      if (message === undefined) return undefined;
      if (message.place === "") return { message };
      const [wait, behind] = await Promise.all([
        explain({ redis, keys, settings }, message, now),
        standsBefore(redis, keys, message),
      ]);
      return {
        message,
        ...(wait === undefined ? {} : { wait }),
        ...(behind === undefined ? {} : { behind }),
      };
    },
    async explainWaits(messages, now) {
      return Promise.all(
        messages.map(async (message) =>
          message.place === "" ? undefined : explain({ redis, keys, settings }, message, now),
        ),
      );
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
  const batch = await batchOf(redis, keys, message);
  // It has no device yet: whichever of its pool draws it sends it.
  if (deviceId === "" && batch.batchStill === undefined && message.status === "queued")
    return { blockedBy: "pacing", since: sinceOf(message) };
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
    since: sinceOf(message),
    sameGeneration: Number(device[2]) === message.generation,
    ...(batch.batchStill === undefined ? {} : { batchStill: batch.batchStill }),
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
    ahead: batch.before + (await ahead(redis, keys, message)),
    now,
    ...(message.why === undefined ? {} : { why: message.why as Blocker }),
    ...(message.nextAt === undefined ? {} : { nextAt: message.nextAt }),
  });
}

/** What keeps the gate of its recipient shut, or was set aside before it; of a change, the message that it changes. */
async function standsBefore(
  redis: Redis,
  keys: Keys,
  { id, deviceId, recipient, place, why, content }: MessageRecord,
): Promise<MessageId | undefined> {
  if (place === "due" && why === "order") return targetOf(content)?.id as MessageId | undefined;
  if (place !== "waiting") return undefined;
  const [shut, aside] = await Promise.all([
    redis.smembers(keys.gate(deviceId, recipient)),
    redis.zrange(keys.aside(deviceId, recipient), "0", "0"),
  ]);
  return [...shut, ...aside].find((other) => other !== id) as MessageId | undefined;
}

function sinceOf(message: MessageRecord): number {
  return message.timeline.at(-1)?.at ?? message.createdAt;
}

/** Since when the message's batch does not go on, and how many of its rows are drawn before this one. */
async function batchOf(
  redis: Redis,
  keys: Keys,
  { id, batchId, place, mayHaveLeft }: MessageRecord,
): Promise<{ readonly batchStill?: number; readonly before: number }> {
  if (batchId === undefined || mayHaveLeft) return { before: 0 };
  const [state, stateAt, cursor] = await redis.hmget(
    keys.batch(batchId),
    "state",
    "state_at",
    "cursor",
  );
  const before = place === "batch" ? Math.max(0, rowOf(id).row - Number(cursor ?? 0)) : 0;
  return state === "running" || typeof state !== "string"
    ? { before }
    : { batchStill: Number(stateAt), before };
}

/** How many messages of the lane go first. */
async function ahead(redis: Redis, keys: Keys, message: MessageRecord): Promise<number> {
  if (message.place !== "backlog" && message.place !== "batch") return 0;
  const { deviceId, generation, priority, id } = message;
  const key = (name: Priority): string => keys.backlog(deviceId, String(generation), name);
  const urgent = PRIORITIES.slice(0, PRIORITIES.indexOf(priority));
  const [rank, ...counts] = await Promise.all([
    message.place === "batch" ? redis.zcard(key(priority)) : redis.zrank(key(priority), id),
    ...urgent.map((name) => redis.zcard(key(name))),
  ]);
  return counts.reduce((sum, count) => sum + count, rank ?? 0);
}

import {
  type DeviceId,
  type DeviceState,
  type ErrorCode,
  isErrorCode,
  type MessageId,
  standstill,
  type Standstill,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { type MessageHash, type MessageRecord, readMessage } from "./message-record.ts";

/** A message, and why it can't leave for now, as somebody who waits for its answer wants to know. */
export interface Standing {
  readonly message: MessageRecord;
  /** Only while it is queued; absent when it waits for its turn. */
  readonly standstill?: Standstill;
  /** Until when the lane rests by each remedy, ms since the epoch; 0 it does not. */
  readonly rest: { readonly throttle: number; readonly hold: number };
}

export interface Standstills {
  /** Undefined when there is no such message. */
  viewStanding(id: MessageId, deviceId: DeviceId, now: number): Promise<Standing | undefined>;
  /** Why a new message of the device could not leave; undefined when it could. */
  viewStandstill(deviceId: DeviceId, now: number): Promise<Standstill | undefined>;
}

type Fields = readonly (string | null)[];

/** One round trip each: thousands may wait at once. */
export function standstills(redis: Redis, keys: Keys): Standstills {
  async function look(deviceId: DeviceId, id?: MessageId) {
    const pipeline = redis
      .pipeline()
      .hmget(keys.device(deviceId), "state", "code", "until", "gen")
      .hmget(keys.lane(deviceId), "paused", "throttled_until", "held_until")
      .exists(keys.lease(deviceId));
    if (id !== undefined) pipeline.hgetall(keys.message(id));
    const replies = (await pipeline.exec()) ?? [];
    for (const [error] of replies) if (error !== null) throw error;
    const [device, lane, owned, hash] = replies.map(([, reply]) => reply);
    return {
      device: device as Fields,
      lane: lane as Fields,
      owned: owned === 1,
      hash: (hash ?? {}) as MessageHash,
    };
  }
  return {
    async viewStanding(id, deviceId, now) {
      const seen = await look(deviceId, id);
      const message = readMessage(id, seen.hash);
      if (message === undefined) return undefined;
      const still = message.status === "queued" ? explain(seen, now, message) : undefined;
      const rest = { throttle: Number(seen.lane[1] ?? 0), hold: Number(seen.lane[2] ?? 0) };
      return { message, rest, ...(still === undefined ? {} : { standstill: still }) };
    },
    async viewStandstill(deviceId, now) {
      const seen = await look(deviceId);
      return typeof seen.device[0] === "string" ? explain(seen, now) : { code: "DEVICE_NOT_FOUND" };
    },
  };
}

function explain(
  {
    device,
    lane,
    owned,
  }: { readonly device: Fields; readonly lane: Fields; readonly owned: boolean },
  now: number,
  message?: MessageRecord,
): Standstill | undefined {
  const [state, code, until, generation] = device;
  return standstill({
    device: {
      state: (state ?? "disconnected") as DeviceState,
      until: Number(until ?? 0),
      owned,
      ...(typeof code === "string" && isErrorCode(code) ? { code: code satisfies ErrorCode } : {}),
    },
    paused: typeof lane[0] === "string",
    throttledUntil: Number(lane[1] ?? 0),
    heldUntil: Number(lane[2] ?? 0),
    held: message?.place === "held",
    identityChanged: message !== undefined && message.generation !== Number(generation),
    now,
  });
}

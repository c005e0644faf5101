import type { DeviceId, ErrorCode, MediaId } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";

/** What the API asks the owner of a device to do. */
export interface DeviceRequest {
  readonly id: string;
  readonly kind:
    | "connect"
    | "disconnect"
    | "logout"
    | "pairing-code"
    | "groups"
    | "group"
    | "check-contacts"
    | "history-sync"
    | "fetch-media";
  /** Whose file is wanted, and the name to keep it under. */
  readonly messageId?: string;
  readonly mediaId?: MediaId;
  /** Digits, for a pairing code. */
  readonly phone?: string;
  /** For a group, or the chat whose history is wanted. */
  readonly jid?: string;
  /** Digits, for a check of contacts. */
  readonly numbers?: readonly string[];
  /** History before this message. */
  readonly before?: { readonly id: string; readonly fromMe: boolean; readonly at: number };
  readonly count?: number;
  /** After this time nobody waits for the answer and the owner drops the request, ms since the epoch. */
  readonly deadline: number;
}

export type DeviceReply =
  | { readonly kind: "done"; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly detail: string };

const REPLY_KEPT_S = 60;

export interface Requests {
  /** The answer is announced as a live event `device.replied` whose `message` is the request's id; read it then. */
  postRequest(deviceId: DeviceId, request: DeviceRequest): Promise<void>;
  findReply(requestId: string): Promise<DeviceReply | undefined>;
  /** As the owner: the oldest request. */
  nextRequest(deviceId: DeviceId): Promise<DeviceRequest | undefined>;
  reply(deviceId: DeviceId, requestId: string, reply: DeviceReply): Promise<void>;
}

export function requests(redis: Redis, keys: Keys): Requests {
  return {
    async postRequest(deviceId, request) {
      await redis
        .multi()
        .rpush(keys.requests(deviceId), JSON.stringify(request))
        .publish(keys.wake(), deviceId)
        .exec();
    },
    async findReply(requestId) {
      const text = await redis.get(keys.reply(requestId));
      return text === null ? undefined : (JSON.parse(text) as DeviceReply);
    },
    async nextRequest(deviceId) {
      const text = await redis.lpop(keys.requests(deviceId));
      return text === null ? undefined : (JSON.parse(text) as DeviceRequest);
    },
    async reply(deviceId, requestId, reply) {
      const event = { cursor: "", type: "device.replied", message: requestId, device: deviceId };
      await redis
        .multi()
        .set(keys.reply(requestId), JSON.stringify(reply), "EX", REPLY_KEPT_S)
        .publish(
          keys.status(),
          JSON.stringify({ ...event, version: 0, at: 0, attempt: "", code: "" }),
        )
        .exec();
    },
  };
}

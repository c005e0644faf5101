import type { DeviceId, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";

/** What is known of recipients: whether a number is on WhatsApp, and which chats are warm. */
export interface Recipients {
  rememberRecipient(digits: string, found: { readonly lid?: string } | undefined): Promise<void>;
  /** The device holds a trust token of this LID. */
  trust(deviceId: DeviceId, lid: string, until: number): Promise<void>;
  warmUp(deviceId: DeviceId, recipient: string, until: number): Promise<void>;
}

export function recipients(redis: Redis, keys: Keys, settings: Settings): Recipients {
  return {
    async rememberRecipient(digits, found) {
      const key = keys.recipient(digits);
      if (found === undefined) await redis.set(key, "0", "PX", settings.recipient_absent_ms);
      else await redis.set(key, `1|${found.lid ?? ""}`, "PX", settings.recipient_known_ms);
    },
    async trust(deviceId, lid, until) {
      await redis.zadd(keys.trusted(deviceId), "GT", until, lid);
    },
    async warmUp(deviceId, recipient, until) {
      await redis.zadd(keys.warm(deviceId), "GT", until, recipient);
    },
  };
}

import type { DeviceId, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";

/** What is known of recipients: whether a number is on WhatsApp, and which chats are warm. */
export interface Recipients {
  rememberRecipient(digits: string, found: { readonly lid?: string } | undefined): Promise<void>;
  /** The device holds a trust token of this LID. */
  trust(deviceId: DeviceId, lid: string, until: number): Promise<void>;
  warmUp(deviceId: DeviceId, recipient: string, until: number): Promise<void>;
}

/** Of a device, the ones that stay warm the longest are remembered. */
const MOST_CHATS = 50_000;

export function recipients(redis: Redis, keys: Keys, settings: Settings): Recipients {
  /** Until then and no longer: what is over is forgotten as we go. */
  async function keep(key: string, member: string, until: number): Promise<void> {
    await redis
      .multi()
      .zadd(key, "GT", until, member)
      .zremrangebyrank(key, 0, -(MOST_CHATS + 1))
      .exec();
  }
  return {
    async rememberRecipient(digits, found) {
      const key = keys.recipient(digits);
      if (found === undefined) await redis.set(key, "0", "PX", settings.recipient_absent_ms);
      else await redis.set(key, `1|${found.lid ?? ""}`, "PX", settings.recipient_known_ms);
    },
    async trust(deviceId, lid, until) {
      await keep(keys.trusted(deviceId), lid, until);
    },
    async warmUp(deviceId, recipient, until) {
      await keep(keys.warm(deviceId), recipient, until);
    },
  };
}

import type { DeviceId, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** What is known of recipients: whether a number is on WhatsApp, and which chats are warm. */
export interface Recipients {
  rememberRecipient(digits: string, found: { readonly lid?: string } | undefined): Promise<void>;
  /** The device holds a trust token of this LID. */
  trust(deviceId: DeviceId, lid: string, until: number): Promise<void>;
  warmUp(deviceId: DeviceId, recipient: string, until: number): Promise<void>;
  /** What is known of each: as digits or group JIDs; warm with one of the devices. */
  weigh(
    deviceIds: readonly DeviceId[],
    recipients: readonly string[],
    now: number,
  ): Promise<readonly WeighedRecipient[]>;
}

export interface WeighedRecipient {
  /** Absent: nobody knows. */
  readonly onWhatsApp?: boolean;
  /** It has a living conversation. */
  readonly warm: boolean;
}

/** Recipients that one script weighs, and recipients times devices: a few milliseconds of Redis' time. */
const MOST_NAMES = 500;
const MOST_CHECKS = 10_000;

/** Of a device, the ones that stay warm the longest are remembered. */
const MOST_CHATS = 50_000;

interface RecipientDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

export function recipients({ redis, keys, run, settings }: RecipientDeps): Recipients {
  return {
    async rememberRecipient(digits, found) {
      const key = keys.recipient(digits);
      const kept = found === undefined ? settings.recipient_absent_ms : settings.recipient_known_ms;
      // Redis has no expiry of 0 ms.
      if (kept === 0) return;
      if (found === undefined) {
        await redis.set(key, "0", "PX", kept);
        return;
      }
      const lid = found.lid ?? "";
      if (lid !== "") await redis.set(keys.alias(lid), digits, "PX", kept);
      await redis.set(key, `1|${lid}`, "PX", kept);
    },
    async weigh(deviceIds, names, now) {
      const piece = Math.max(1, Math.min(MOST_NAMES, Math.floor(MOST_CHECKS / deviceIds.length)));
      const found: string[] = [];
      for (let from = 0; from < names.length; from += piece) {
        const some = names.slice(from, from + piece);
        // oxlint-disable-next-line no-await-in-loop -- piece after piece, so that others get their turn
        const letters = await run("weigh", now, deviceIds.length, ...deviceIds, ...some);
        found.push(...(letters as string[]));
      }
      return found.map((letters) => ({
        ...(letters.startsWith("?") ? {} : { onWhatsApp: letters.startsWith("1") }),
        warm: letters.endsWith("w"),
      }));
    },
    async trust(deviceId, lid, until) {
      await run("warm-up", deviceId, "trusted", lid, until, MOST_CHATS);
    },
    async warmUp(deviceId, recipient, until) {
      await run("warm-up", deviceId, "warm", recipient, until, MOST_CHATS);
    },
  };
}

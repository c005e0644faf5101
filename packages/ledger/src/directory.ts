import { dayOf, type DeviceId, type Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** Whether a number is on WhatsApp, as somebody found out `ageMs` ago. */
export interface KnownNumber {
  readonly digits: string;
  readonly known?: { readonly onWhatsApp: boolean; readonly ageMs: number };
}

/** What was found out about numbers and groups, kept for a while. */
export interface Directory {
  knownNumbers(digits: readonly string[]): Promise<readonly KnownNumber[]>;
  /** How many of the wanted look-ups the device may make today. */
  takeLookups(deviceId: DeviceId, wanted: number, now: number): Promise<number>;
  /** JSON */
  findGroups(deviceId: DeviceId): Promise<string | undefined>;
  keepGroups(deviceId: DeviceId, groups: string): Promise<void>;
}

interface DirectoryDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

export function directory({ redis, keys, run, settings }: DirectoryDeps): Directory {
  const { recipient_known_ms: keptYes, recipient_absent_ms: keptNo } = settings;
  return {
    async knownNumbers(digits) {
      const pipeline = redis.pipeline();
      for (const number of digits)
        pipeline.get(keys.recipient(number)).pttl(keys.recipient(number));
      const replies = (await pipeline.exec()) ?? [];
      return digits.map((number, index) => {
        const [value, ttl] = [replies[2 * index]?.[1], replies[2 * index + 1]?.[1]];
        if (typeof value !== "string") return { digits: number };
        const onWhatsApp = value.startsWith("1");
        const ageMs = Math.max(0, (onWhatsApp ? keptYes : keptNo) - Number(ttl));
        return { digits: number, known: { onWhatsApp, ageMs } };
      });
    },
    async takeLookups(deviceId, wanted, now) {
      return Number(await run("take-lookups", deviceId, dayOf(now), wanted));
    },
    async findGroups(deviceId) {
      return (await redis.get(keys.groups(deviceId))) ?? undefined;
    },
    async keepGroups(deviceId, groups) {
      await redis.set(keys.groups(deviceId), groups, "PX", settings.groups_kept_ms);
    },
  };
}

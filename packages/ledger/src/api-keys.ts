import { createHash } from "node:crypto";
import type { DeviceId } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";

export const SCOPES = [
  "messages:send",
  "messages:read",
  "devices:manage",
  "ops:read",
  "ops:write",
  "keys:manage",
] as const;

export type Scope = (typeof SCOPES)[number];

/** An API key as it is kept: never the key itself, only its SHA-256. */
export interface ApiKeyRecord {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly devices: "*" | readonly string[];
  /** The one device that requests without a device mean; among `devices`. */
  readonly deviceId?: DeviceId;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
}

export interface ApiKeys {
  /** @param digest SHA-256 of the whole key, hex */
  findApiKey(digest: string): Promise<ApiKeyRecord | undefined>;
  /** Keeps the key that an installation starts with; changes nothing when it is kept already. */
  ensureAdminKey(key: string, now: number): Promise<void>;
}

export function digestApiKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

export function apiKeys(redis: Redis, keys: Keys): ApiKeys {
  return {
    async findApiKey(digest) {
      const text = await redis.hget(keys.apikey(digest), "record");
      return text === null ? undefined : (JSON.parse(text) as ApiKeyRecord);
    },
    async ensureAdminKey(key, now) {
      const digest = digestApiKey(key);
      const record: ApiKeyRecord = {
        id: `key_${digest.slice(0, 12)}`,
        name: "admin",
        scopes: SCOPES,
        devices: "*",
        createdAt: now,
      };
      await redis.hsetnx(keys.apikey(digest), "record", JSON.stringify(record));
    },
  };
}

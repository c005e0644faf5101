import { hash } from "node:crypto";
import type { DeviceId, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

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
  /** The id of the key that created it. */
  readonly createdBy?: string;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  /** Its last request, right within a minute; kept beside the record. */
  readonly lastUsedAt?: number;
  /** The key that the installation started with: its record is kept for ever, so that a later start can't bring it back. */
  readonly first?: true;
}

export interface ApiKeys {
  /** @param digest SHA-256 of the whole key, hex */
  findApiKey(digest: string): Promise<ApiKeyRecord | undefined>;
  /** Keeps the key that an installation starts with; changes nothing when it is kept already. */
  ensureAdminKey(key: string, now: number): Promise<void>;
  /** False when the id belongs to another key. */
  createApiKey(digest: string, record: ApiKeyRecord): Promise<boolean>;
  findApiKeyById(id: string): Promise<ApiKeyRecord | undefined>;
  /** By id; `next` goes on behind the last one, absent at the end. */
  listApiKeys(page: { readonly after?: string; readonly limit: number }): Promise<{
    readonly keys: readonly ApiKeyRecord[];
    readonly next?: string;
  }>;
  /** As it is from now on; undefined when there is no such key. A second revocation changes nothing. */
  revokeApiKey(id: string, now: number): Promise<ApiKeyRecord | undefined>;
  /** Of these keys, those that were revoked or are no longer kept. */
  endedApiKeys(ids: readonly string[]): Promise<readonly string[]>;
}

export function digestApiKey(key: string): string {
  return hash("sha256", key);
}

interface ApiKeyDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

export function apiKeys({ redis, keys, run, settings }: ApiKeyDeps): ApiKeys {
  const keptUntil = (end: number | undefined): number =>
    end === undefined ? 0 : end + settings.ended_key_kept_ms;

  async function read(digest: string): Promise<string | null> {
    return redis.hget(keys.apikey(digest), "record");
  }

  async function readWithUse(digest: string): Promise<ApiKeyRecord | undefined> {
    const [text = null, used = null] = await redis.hmget(keys.apikey(digest), "record", "used");
    if (text === null) return undefined;
    const record = JSON.parse(text) as ApiKeyRecord;
    return used === null ? record : { ...record, lastUsedAt: Number(used) };
  }

  async function create(digest: string, record: ApiKeyRecord): Promise<boolean> {
    const args = [record.id, digest, JSON.stringify(record), keptUntil(record.expiresAt)];
    return (await run("create-key", ...args)) === 1;
  }

  async function digestOf(id: string): Promise<string | undefined> {
    const range = [`[${id}:`, `(${id};`] as const;
    const [member] = await redis.zrangebylex(keys.apikeys(), ...range, "LIMIT", 0, 1);
    return member?.slice(id.length + 1);
  }

  return {
    async findApiKey(digest) {
      const text = await read(digest);
      return text === null ? undefined : (JSON.parse(text) as ApiKeyRecord);
    },
    async ensureAdminKey(key, now) {
      const digest = digestApiKey(key);
      const id = `key_${digest.slice(0, 12)}`;
      const grants = { scopes: SCOPES, devices: "*" } as const;
      await create(digest, { id, name: "admin", ...grants, createdAt: now, first: true });
    },
    createApiKey: create,
    async findApiKeyById(id) {
      const digest = await digestOf(id);
      return digest === undefined ? undefined : readWithUse(digest);
    },
    async listApiKeys({ after, limit }) {
      const from = after === undefined ? "-" : `(${after};`;
      const members = await redis.zrangebylex(keys.apikeys(), from, "+", "LIMIT", 0, limit);
      const records = await Promise.all(members.map((member) => readWithUse(digestIn(member))));
      const gone = members.filter((_, index) => records[index] === undefined);
      if (gone.length > 0) await redis.zrem(keys.apikeys(), ...gone);
      const found = records.flatMap((record) => record ?? []);
      const last = members.at(-1);
      return members.length < limit || last === undefined
        ? { keys: found }
        : { keys: found, next: last.slice(0, last.indexOf(":")) };
    },
    async revokeApiKey(id, now) {
      const digest = await digestOf(id);
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- again only when another revocation came between
        const text = digest === undefined ? null : await read(digest);
        if (digest === undefined || text === null) return undefined;
        const record = JSON.parse(text) as ApiKeyRecord;
        if (record.revokedAt !== undefined) return readWithUse(digest);
        const revoked = { ...record, revokedAt: now };
        const until = record.first === true ? 0 : keptUntil(now);
        const args = [id, digest, text, JSON.stringify(revoked), until];
        // oxlint-disable-next-line no-await-in-loop
        if ((await run("revoke-key", ...args)) === 1) return readWithUse(digest);
      }
    },
    async endedApiKeys(ids) {
      return ids.length === 0 ? [] : ((await run("ended-keys", ...ids)) as string[]);
    },
  };
}

function digestIn(member: string): string {
  return member.slice(member.indexOf(":") + 1);
}

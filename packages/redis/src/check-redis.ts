import type { Redis } from "ioredis";

/**
 * What a Redis must be so that accepted means durable: version 7, append-only file on, nothing evicted.
 * Returns a sentence for each thing that is missing; empty when all is well.
 */
export async function checkRedis(redis: Redis): Promise<readonly string[]> {
  const info = parseInfo(await redis.info());
  const problems: string[] = [];
  const major = Number(info.get("redis_version")?.split(".")[0] ?? 0);
  if (major < 7) problems.push("Redis 7 or newer is needed (or Valkey)");
  if (info.get("aof_enabled") !== "1")
    problems.push("the append-only file is off: set appendonly yes");
  const policy = info.get("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction")
    problems.push(`maxmemory-policy is ${policy}: set noeviction`);
  return problems;
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const pairs = text
    .split("\r\n")
    .filter((line) => line.includes(":"))
    .map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    });
  return new Map(pairs);
}

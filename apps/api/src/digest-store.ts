import { createHash } from "node:crypto";
import type { Redis } from "@pombo/redis";

/** What a refused request may leave behind: how often it was asked, and when the key was used last. */
const NOISE = /:(rate|apikey):/;

/** Everything in Redis, key by key, as digests: two equal ones mean that nothing was changed between. */
export async function digestStore(redis: Redis): Promise<Readonly<Record<string, string>>> {
  const names: string[] = [];
  let cursor = "0";
  do {
    // oxlint-disable-next-line no-await-in-loop
    const [next, found] = await redis.scan(cursor, "COUNT", 1_000);
    names.push(...found.filter((name) => !NOISE.test(name)));
    cursor = next;
  } while (cursor !== "0");
  const unique = [...new Set(names)].toSorted();
  const dumps = await Promise.all(unique.map((name) => redis.dumpBuffer(name)));
  const digests = dumps.map((dump) =>
    createHash("sha1")
      .update(dump ?? "")
      .digest("hex"),
  );
  return Object.fromEntries(unique.map((name, index) => [name, digests[index] ?? ""]));
}

import { readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../eventually.ts";
import type { RedisView } from "../look-into-redis.ts";

/**
 * Redis' disk is full: what it appends goes to /dev/full, where each write fails with ENOSPC. It flushes once a second, as
 * ops/redis/redis.conf says; one that flushes always ends itself instead.
 */
export async function fillDisk({ redis }: RedisView): Promise<void> {
  await rewritten(redis);
  await redis.config("SET", "appendfsync", "everysec");
  const folder = join(await settingOf(redis, "dir"), await settingOf(redis, "appenddirname"));
  const numbers = (await readdir(folder)).map((file) => Number(/\.(\d+)\.incr\./.exec(file)?.[1]));
  const next = Math.max(...numbers.filter((number) => number > 0)) + 1;
  const name = `${await settingOf(redis, "appendfilename")}.${next}.incr.aof`;
  await symlink("/dev/full", join(folder, name));
  await redis.bgrewriteaof();
}

/** The next file is one that can be written. */
export async function makeRoom({ redis }: RedisView): Promise<void> {
  await rewritten(redis);
  await redis.bgrewriteaof();
  const look = () => redis.info("persistence");
  await eventually(look, (info) => info.includes("aof_last_write_status:ok"));
  await redis.config("SET", "appendfsync", "always");
}

/** The last rewriting has ended: Redis takes no other before, and the next file has its number. */
async function rewritten(redis: RedisView["redis"]): Promise<void> {
  const look = () => redis.info("persistence");
  await eventually(look, (info) => info.includes("aof_rewrite_in_progress:0"));
}

async function settingOf(redis: RedisView["redis"], name: string): Promise<string> {
  return (await redis.config("GET", name))[1] ?? "";
}

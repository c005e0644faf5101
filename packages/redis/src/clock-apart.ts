import type { Redis } from "ioredis";

/**
 * How far Redis' clock is from this machine's, in ms: positive when Redis is ahead. What the command's own way may explain is not counted,
 * so a slow answer is never taken for a wrong clock.
 */
export async function clockApart(redis: Redis): Promise<number> {
  const before = Date.now();
  const [seconds, micros] = await redis.time();
  const after = Date.now();
  const there = Number(seconds) * 1_000 + Number(micros) / 1_000;
  if (there > after) return there - after;
  return there < before ? there - before : 0;
}

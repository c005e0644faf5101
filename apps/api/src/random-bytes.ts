import { randomFillSync } from "node:crypto";

const POOL = Buffer.alloc(4_096);
let used = POOL.length;

/** Random bytes from a pool: asking the generator for a few costs as much as asking for thousands. */
export function randomBytes(count: number): Buffer {
  if (used + count > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  used += count;
  return Buffer.from(POOL.subarray(used - count, used));
}

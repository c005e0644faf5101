import { createHash } from "node:crypto";
import type { Redis } from "ioredis";

export interface Script {
  readonly name: string;
  readonly source: string;
  readonly sha: string;
}

export type ScriptArgument = string | number | Buffer;

export function script(name: string, source: string): Script {
  return { name, source, sha: createHash("sha1").update(source).digest("hex") };
}

/**
 * Runs a script by its digest, and by its text where the server doesn't know it (a new server, or SCRIPT FLUSH).
 * A script that ran but whose answer was lost may run again: every script must stand that.
 */
export async function runScript(
  redis: Redis,
  { sha, source }: Script,
  tag: string,
  args: readonly ScriptArgument[],
): Promise<unknown> {
  try {
    return await redis.evalsha(sha, 1, tag, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return redis.eval(source, 1, tag, ...args);
  }
}

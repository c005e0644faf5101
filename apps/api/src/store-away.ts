import { MediaStoreError } from "@pombo/media";

/** How the Redis client and the server say that they can't serve now. Observed with ioredis 6 and Redis 7. */
const AWAY = [
  /^Connection is closed/,
  /^Command timed out/,
  /^Stream isn't writeable/,
  /^Reached the max retries per request/,
  /^Socket closed unexpectedly/,
  /^(LOADING|READONLY|OOM|EXECABORT|MISCONF|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS)\b/,
] as const;

const AWAY_CODES: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
]);

/** Redis said no, or never got it. */
const NEVER_RAN = [/^Stream isn't writeable/, /^[A-Z]+ /] as const;

/** True for an error of a store that is away which leaves open whether the command ran. */
export function mayHaveRun(error: unknown): boolean {
  if (!isStoreAway(error) || !(error instanceof Error)) return false;
  return !NEVER_RAN.some((pattern) => pattern.test(error.message));
}

/** True when an error means that the store can't be reached or can't write now; the request may be repeated later. */
export function isStoreAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof MediaStoreError) return true;
  if ("code" in error && AWAY_CODES.has(error.code)) return true;
  return AWAY.some((pattern) => pattern.test(error.message));
}

import type { Problem } from "@pombo/contract";
import type { Settings } from "@pombo/domain";

export interface RateUse {
  /** Requests of the key in this window, this one included. */
  readonly used: number;
  readonly resetMs: number;
}

export interface RateLimit {
  readonly headers: Readonly<Record<string, string>>;
  /** This request is one too many. */
  readonly problem?: Problem;
}

/** What the headers of an answer say of the key's rate (the `RateLimit` and `RateLimit-Policy` fields of the IETF draft). */
export function limitRate(
  { used, resetMs }: RateUse,
  settings: Pick<Settings, "rate_limit_requests" | "rate_limit_window_ms">,
): RateLimit {
  const { rate_limit_requests: most, rate_limit_window_ms: window } = settings;
  if (most === 0) return NO_LIMIT;
  const left = Math.max(0, most - used);
  const headers = {
    "RateLimit-Policy": `"key";q=${most};w=${seconds(window)}`,
    RateLimit: `"key";r=${left};t=${seconds(resetMs)}`,
  };
  return used <= most
    ? { headers }
    : { headers, problem: { code: "RATE_LIMITED", retryAfterMs: resetMs } };
}

const NO_LIMIT: RateLimit = { headers: {} };

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

import { gather } from "@pombo/redis";
import type { Settings } from "@pombo/domain";
import type { ApiKeyRecord } from "./api-keys.ts";
import type { Run } from "./scripts.ts";

/** One request under an API key, as all API processes together count it. */
export interface AdmittedCall {
  /** Absent: no such key. */
  readonly record?: ApiKeyRecord;
  /** Requests of the key in this window, this one included; 0 when they are not counted. */
  readonly used: number;
  /** Until a new window begins. */
  readonly resetMs: number;
}

export interface Admissions {
  /** @param digest SHA-256 of the whole key, hex. Looked up with every call; calls of one turn of the event loop share a command. */
  admitCall(digest: string): Promise<AdmittedCall>;
}

/** As with acceptances. */
const MOST_TOGETHER = 16;

export function admissions(run: Run, settings: Settings): Admissions {
  const { rate_limit_window_ms: window, rate_limit_requests: limit } = settings;
  return {
    admitCall: gather<string, AdmittedCall>(async (digests) => {
      const counts = new Map<string, number>();
      for (const digest of digests) counts.set(digest, (counts.get(digest) ?? 0) + 1);
      const reply = await run("admit", window, limit > 0 ? 1 : 0, ...[...counts].flat());
      return share(digests, [...counts.keys()], reply as readonly (string | number)[]);
    }, MOST_TOGETHER),
  };
}

/** Gives each of the calls its place in the count of its key. */
function share(
  digests: readonly string[],
  asked: readonly string[],
  [resetMs, ...found]: readonly (string | number)[],
): AdmittedCall[] {
  const keys = new Map<string, { readonly record: ApiKeyRecord | undefined; used: number }>(
    asked.map((digest, index) => {
      const text = String(found[index * 2]);
      const record = text === "" ? undefined : (JSON.parse(text) as ApiKeyRecord);
      return [digest, { record, used: Number(found[index * 2 + 1]) }];
    }),
  );
  const reset = { resetMs: Number(resetMs) };
  return digests.map((digest) => {
    const key = keys.get(digest);
    if (key?.record === undefined) return { used: 0, ...reset };
    key.used += 1;
    return { record: key.record, used: key.used, ...reset };
  });
}

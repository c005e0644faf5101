import { hash } from "node:crypto";
import type { Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** Somebody is signed in to the console. What the session may do is what its API key may do at that moment. */
export interface ConsoleSession {
  /** SHA-256 of the API key, hex. */
  readonly key: string;
  readonly expiresAt: number;
}

/** `limited`: the address has had its failures of this window. */
export type SignInTry =
  | { readonly kind: "open" }
  | { readonly kind: "limited"; readonly retryAfterMs: number };

export interface ConsoleSessions {
  /** @param digest SHA-256 of the session's id, hex: the id itself is kept by the browser alone */
  openSession(digest: string, session: ConsoleSession): Promise<void>;
  findSession(digest: string): Promise<ConsoleSession | undefined>;
  /** A second end changes nothing. */
  endSession(digest: string): Promise<void>;
  /** Of these sessions, those that are no longer kept. */
  endedSessions(digests: readonly string[]): Promise<readonly string[]>;
  /** Counts a sign-in as failed before it is looked at, so that many at once get no further than many in turn. */
  trySignIn(address: string): Promise<SignInTry>;
  /** It was no failure. */
  forgiveSignIn(address: string): Promise<void>;
}

interface Deps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

export function consoleSessions({ redis, keys, run, settings }: Deps): ConsoleSessions {
  const { console_sign_in_failures: most, console_sign_in_window_ms: window } = settings;
  const count = async (address: string, more: 1 | -1): Promise<readonly number[]> => {
    // An address is a trace of a person, and nobody has to read it.
    const name = hash("sha256", address).slice(0, 32);
    return (await run("count-sign-in", name, window, more)) as readonly number[];
  };
  return {
    async openSession(digest, session) {
      await redis.set(keys.session(digest), JSON.stringify(session), "PXAT", session.expiresAt);
    },
    async findSession(digest) {
      const text = await redis.get(keys.session(digest));
      return text === null ? undefined : (JSON.parse(text) as ConsoleSession);
    },
    async endSession(digest) {
      await redis.del(keys.session(digest));
    },
    async endedSessions(digests) {
      if (digests.length === 0) return [];
      const kept = await redis.mget(digests.map((digest) => keys.session(digest)));
      return digests.filter((_, index) => kept[index] === null);
    },
    async trySignIn(address) {
      if (most === 0) return { kind: "open" };
      const [used = 0, retryAfterMs = 0] = await count(address, 1);
      return used <= most ? { kind: "open" } : { kind: "limited", retryAfterMs };
    },
    async forgiveSignIn(address) {
      if (most > 0) await count(address, -1);
    },
  };
}

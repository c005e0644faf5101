import type { StatusEvent } from "@pombo/status";
import type { Caller } from "./authenticate.ts";
import type { LiveEvents } from "./follow.ts";

export interface KeyWatchDeps {
  readonly ledger: {
    endedApiKeys(ids: readonly string[]): Promise<readonly string[]>;
    endedSessions(digests: readonly string[]): Promise<readonly string[]>;
  };
  /** Revocations are told live; what is lost is found by the sweep. */
  readonly events: LiveEvents;
  readonly sweepMs: number;
  readonly now: () => number;
}

type Right = Pick<Caller, "keyId" | "expiresAt" | "session">;

/** Ends what was begun under an API key when that key ends, or the console's session under it. */
export interface KeyWatch extends Disposable {
  /** Calls back once when the key is revoked or has expired, within two sweeps at the latest; returns how to stop. */
  watch(caller: Right, end: () => void): () => void;
  /** Asks now. */
  hasEnded(caller: Right): Promise<boolean>;
}

interface Watched {
  readonly keyId: string;
  readonly session: string | undefined;
  readonly expiresAt: number;
  readonly ends: Set<() => void>;
}

function lastsUntil({ expiresAt = Infinity, session }: Right): number {
  return Math.min(expiresAt, session?.expiresAt ?? Infinity);
}

/** Keys that one command asks about. */
const PER_COMMAND = 1_000;

/** One question for all keys that have something open, however many streams that is. It rests while nothing is open. */
export function openKeyWatch({ ledger, events, sweepMs, now }: KeyWatchDeps): KeyWatch {
  /** By key and session. */
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let asking = false;

  function end(over: (right: Watched) => boolean): void {
    const ended = [...watched].filter(([, right]) => over(right));
    for (const [name] of ended) watched.delete(name);
    rest();
    for (const [, { ends }] of ended) for (const tell of ends) tell();
  }

  async function sweepPart(
    part: "keyId" | "session",
    ask: (names: readonly string[]) => Promise<readonly string[]>,
  ): Promise<void> {
    const names = [...new Set([...watched.values()].flatMap((right) => right[part] ?? []))];
    for (let from = 0; from < names.length; from += PER_COMMAND) {
      // oxlint-disable-next-line no-await-in-loop -- one command at a time
      const ended = new Set(await ask(names.slice(from, from + PER_COMMAND)));
      if (ended.size > 0) end((right) => ended.has(right[part] ?? ""));
    }
  }

  function rest(): void {
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  async function sweep(): Promise<void> {
    end(({ expiresAt }) => expiresAt <= now());
    if (asking) return;
    asking = true;
    try {
      await sweepPart("keyId", (ids) => ledger.endedApiKeys(ids));
      await sweepPart("session", (digests) => ledger.endedSessions(digests));
    } catch {
      // The store is away, so nobody can revoke either; the next sweep asks again.
    } finally {
      asking = false;
    }
  }

  const hear = ({ type, message }: StatusEvent): void => {
    if (type === "key.revoked") end(({ keyId }) => keyId === message);
  };
  const stop = events.onEvent(hear, () => watched.size > 0);
  return {
    watch(right, tell) {
      const { keyId } = right;
      const session = right.session?.digest;
      const name = `${keyId}|${session ?? ""}`;
      const expiresAt = lastsUntil(right);
      const found = watched.get(name) ?? { keyId, session, expiresAt, ends: new Set<() => void>() };
      watched.set(name, found);
      found.ends.add(tell);
      void events.listening();
      timer ??= setInterval(() => void sweep(), sweepMs);
      return () => {
        found.ends.delete(tell);
        if (found.ends.size === 0 && watched.get(name) === found) watched.delete(name);
        rest();
      };
    },
    async hasEnded(right) {
      if (lastsUntil(right) <= now()) return true;
      if ((await ledger.endedApiKeys([right.keyId])).length > 0) return true;
      const { session } = right;
      return session !== undefined && (await ledger.endedSessions([session.digest])).length > 0;
    },
    [Symbol.dispose]() {
      stop();
      watched.clear();
      rest();
    },
  };
}

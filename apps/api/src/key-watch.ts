import type { StatusEvent } from "@pombo/status";
import type { Caller } from "./authenticate.ts";
import type { LiveEvents } from "./follow.ts";

export interface KeyWatchDeps {
  readonly ledger: { endedApiKeys(ids: readonly string[]): Promise<readonly string[]> };
  /** Revocations are told live; what is lost is found by the sweep. */
  readonly events: LiveEvents;
  readonly sweepMs: number;
  readonly now: () => number;
}

/** Ends what was begun under an API key when that key ends. */
export interface KeyWatch extends Disposable {
  /** Calls back once when the key is revoked or has expired, within two sweeps at the latest; returns how to stop. */
  watch(caller: Pick<Caller, "keyId" | "expiresAt">, end: () => void): () => void;
  /** Asks now. */
  hasEnded(caller: Pick<Caller, "keyId" | "expiresAt">): Promise<boolean>;
}

interface Watched {
  readonly expiresAt: number;
  readonly ends: Set<() => void>;
}

/** Keys that one command asks about. */
const PER_COMMAND = 1_000;

/** One question for all keys that have something open, however many streams that is. It rests while nothing is open. */
export function openKeyWatch({ ledger, events, sweepMs, now }: KeyWatchDeps): KeyWatch {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let asking = false;

  function end(keyId: string): void {
    const found = watched.get(keyId);
    watched.delete(keyId);
    rest();
    for (const tell of found?.ends ?? []) tell();
  }

  function rest(): void {
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  async function sweep(): Promise<void> {
    for (const [keyId, { expiresAt }] of watched) if (expiresAt <= now()) end(keyId);
    if (asking) return;
    asking = true;
    try {
      const ids = [...watched.keys()];
      for (let from = 0; from < ids.length; from += PER_COMMAND) {
        // oxlint-disable-next-line no-await-in-loop -- one command at a time
        const ended = await ledger.endedApiKeys(ids.slice(from, from + PER_COMMAND));
        for (const keyId of ended) end(keyId);
      }
    } catch {
      // The store is away, so nobody can revoke either; the next sweep asks again.
    } finally {
      asking = false;
    }
  }

  const hear = ({ type, message }: StatusEvent): void => {
    if (type === "key.revoked") end(message);
  };
  const stop = events.onEvent(hear, () => watched.size > 0);
  return {
    watch({ keyId, expiresAt = Infinity }, tell) {
      const found = watched.get(keyId) ?? { expiresAt, ends: new Set<() => void>() };
      watched.set(keyId, found);
      found.ends.add(tell);
      void events.listening();
      timer ??= setInterval(() => void sweep(), sweepMs);
      return () => {
        found.ends.delete(tell);
        if (found.ends.size === 0 && watched.get(keyId) === found) watched.delete(keyId);
        rest();
      };
    },
    async hasEnded({ keyId, expiresAt = Infinity }) {
      return expiresAt <= now() || (await ledger.endedApiKeys([keyId])).includes(keyId);
    },
    [Symbol.dispose]() {
      stop();
      watched.clear();
      rest();
    },
  };
}

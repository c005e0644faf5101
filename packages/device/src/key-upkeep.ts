import type { Settings } from "@pombo/domain";
import type { WASocket } from "@whiskeysockets/baileys";
import { uploadPreKeys } from "./prekey-upload.ts";
import { noteSignedPreKey, rotateSignedPreKey, rotationDueAt } from "./signed-prekey.ts";

/**
 * Keeps the keys that others need to write to this device: enough one-time keys at WhatsApp, and a signed prekey that isn't old.
 * One thing at a time, since an upload carries the signed prekey. Nothing here can fail a send: what did not work is logged and
 * comes again with the next count, the next login, or the hour.
 */
export interface KeyUpkeep {
  /** So many one-time keys are left at WhatsApp: it answered a login's question, or (`low`) says by itself that they run out. */
  readonly counted: (left: number, low: boolean) => void;
  /** Logged in. */
  readonly begin: () => void;
  readonly close: () => void;
}

export interface KeyUpkeepDeps {
  readonly wa: () => WASocket;
  readonly settings: Settings;
  /** Resolves when what changed is in the store. */
  readonly settled: () => Promise<void>;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/** Resolves with what is worth a log line. */
type Job = () => Promise<Record<string, unknown>>;

const AGAIN_MS = 3_600_000;
const LONGEST_TIMER_MS = 2_147_483_647;

export function openKeyUpkeep({ wa, settings, settled, log }: KeyUpkeepDeps): KeyUpkeep {
  const open = Promise.withResolvers<void>();
  let work: Promise<void> = open.promise;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  /** Tells how it ended, unless the connection ended first. */
  const perform = async (before: Promise<void>, event: string, job: Job): Promise<void> => {
    await before;
    if (closed) return;
    try {
      log(event, await job());
    } catch (error) {
      if (!closed) log(`${event}_failed`, { error: nameOf(error) });
    }
  };

  const queue = (event: string, job: Job): Promise<void> => {
    work = perform(work, event, job);
    return work;
  };

  const rotate = (): Promise<void> =>
    queue("device.signed_prekey_replaced", async () => {
      await rotateSignedPreKey(wa(), { settled, now: Date.now() });
      return { key_id: wa().authState.creds.signedPreKey.keyId };
    });

  const plan = (leastMs: number): void => {
    if (closed) return;
    const dueAt = rotationDueAt(wa().authState.creds, settings.signed_prekey_rotation_ms);
    const afterMs = Math.min(Math.max(dueAt - Date.now(), leastMs), LONGEST_TIMER_MS);
    timer = setTimeout(onTime, afterMs);
  };

  const onTime = (): void => {
    const dueAt = rotationDueAt(wa().authState.creds, settings.signed_prekey_rotation_ms);
    if (dueAt > Date.now()) plan(0);
    else void rotate().then(() => plan(AGAIN_MS));
  };

  return {
    counted: (left, low) => {
      // A login that finds none makes Baileys upload a whole first stock.
      const few = low ? left < settings.prekeys_full : left > 0 && left < settings.prekeys_low;
      const count = settings.prekeys_full - left;
      if (!few || count <= 0) return;
      void queue("device.prekeys_uploaded", async () => {
        await uploadPreKeys(wa(), count);
        return { left, count };
      });
    },
    begin: () => {
      open.resolve();
      noteSignedPreKey(wa(), Date.now());
      plan(0);
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

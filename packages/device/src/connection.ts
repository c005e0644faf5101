import { setTimeout as wait } from "node:timers/promises";
import type { DeviceCaches } from "./baileys-options.ts";
import { type Credentials, loadCredentials } from "./credentials.ts";
import type { DeviceConfig, DeviceDeps, Entering } from "./device-deps.ts";
import { OWN_ENDINGS } from "./disconnect-table.ts";
import { type Live, openLive } from "./live.ts";
import { openMemoryCache } from "./memory-cache.ts";
import {
  type Consequence,
  type Ending,
  NO_HISTORY,
  nextConnection,
  type NextConnection,
} from "./next-connection.ts";
import { StaleCredentialsError } from "./records.ts";
import { openSeal } from "./seal.ts";

export interface Connection {
  /** The socket of the moment, in whatever state. */
  readonly live: () => Live | undefined;
  readonly credentials: () => Credentials | undefined;
  readonly caches: DeviceCaches;
  /** Resolves when the device is at rest (or `signal` said so) and nothing of the connection is left. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Cuts the socket; the next one is opened at once. Resolves when the old one is gone. */
  readonly cut: (cause: string) => Promise<void>;
}

export interface ConnectionEvents {
  readonly enter: (change: Entering) => void;
  readonly onQr: DeviceDeps["onQr"];
}

/** One run: from a wish to be connected to the device's rest. */
interface Run {
  /** Fires on the caller's wish and when another owner has written. */
  readonly stop: AbortSignal;
  readonly onStale: () => void;
}

/**
 * Keeps one device connected: sockets one after the other, and between them what the disconnect table says.
 *
 * ```
 *  load ──► open socket ──► ended ──► table ──► wait ──► open socket …
 *    │                                  └─► stop · logged out · blocked · not ours
 *    └─► unreadable
 * ```
 */
export function openConnection(
  config: DeviceConfig,
  deps: DeviceDeps,
  events: ConnectionEvents,
): Connection {
  const { settings } = config;
  const seal = openSeal(config.deviceId, config.keys);
  const caches = openCaches();
  let live: Live | undefined;
  let credentials: Credentials | undefined;
  let cutCause: string | undefined;

  const run = async (signal: AbortSignal): Promise<void> => {
    const lost = new AbortController();
    const onStale = (): void => {
      live?.socket.cut("not_owner");
      lost.abort();
    };
    await untilRest({ stop: AbortSignal.any([signal, lost.signal]), onStale });
    credentials = undefined;
    if (lost.signal.aborted && !signal.aborted) await loseOwnership();
  };

  const untilRest = async ({ stop, onStale }: Run): Promise<void> => {
    let history = NO_HISTORY;
    let goOn = !stop.aborted;
    while (goOn) {
      // One connection after the other is the point of this loop.
      // oxlint-disable-next-line no-await-in-loop
      const ending = await connectOnce({ stop, onStale });
      if (ending === "unreadable" || stop.aborted) return;
      const moment = { now: Date.now(), jitter: Math.random() };
      const decision = nextConnection(ending, history, { settings, moment });
      history = decision.history;
      // oxlint-disable-next-line no-await-in-loop
      goOn = await follow(decision.next, stop);
    }
  };

  /** One connection, from the credentials to the end of the socket and of everything that it had in hand. */
  const connectOnce = async ({ stop, onStale }: Run): Promise<Ending | "unreadable"> => {
    const ready = await prepare(onStale);
    if (ready === "unreadable") return ready;
    if (ready === "store_failed" || stop.aborted) return NEVER_OPENED;
    if (!ready.isPaired()) ready.startAfresh();
    events.enter({ state: ready.isPaired() ? "connecting" : "pairing" });
    const current = openLive({
      config,
      deps,
      caches,
      ...events,
      credentials: ready,
      onStoreFailure,
    });
    live = current;
    const { socket, sender } = current;
    stop.addEventListener("abort", socket.close, { once: true });
    const ending = await socket.ended;
    stop.removeEventListener("abort", socket.close);
    live = undefined;
    await sender.idle();
    await ready.settled().catch(onStoreFailure);
    socket.retire();
    const { why, text, openMs } = ending;
    deps.log("device.connection_ended", { why, text, open_ms: openMs, ...socket.counts() });
    return ending;
  };

  /** The credentials, readable and with nothing left to write. */
  const prepare = async (
    onStale: () => void,
  ): Promise<Credentials | "unreadable" | "store_failed"> => {
    try {
      credentials ??= await load(onStale);
      await credentials?.settled();
      return credentials ?? "unreadable";
    } catch (error) {
      onStoreFailure(error);
      return "store_failed";
    }
  };

  const load = async (onStale: () => void): Promise<Credentials | undefined> => {
    const onTrust = deps.onTrust ?? ((): void => {});
    const loaded = await loadCredentials(deps.store, seal, { onStale, onTrust });
    if (loaded.kind === "credentials") return loaded.credentials;
    deps.log("device.credentials_unreadable", { reason: loaded.reason });
    events.enter(pick(OWN_ENDINGS.credentials_unreadable));
    return undefined;
  };

  /** Does what follows an ending; true: open the next socket. */
  const follow = async (next: NextConnection, stop: AbortSignal): Promise<boolean> => {
    switch (next.kind) {
      case "stop":
        events.enter({
          ...pick(next.row),
          ...(next.until === undefined ? {} : { until: next.until }),
        });
        return false;
      case "forget":
        await forget();
        events.enter(pick(next.row));
        return false;
      case "ask-owner":
        return (await stillOwner(stop)) && (await pause(next, stop)) && (await stillOwner(stop));
      case "reconnect":
        return pause(next, stop);
    }
  };

  const pause = async (
    next: { afterMs: number; row: Consequence },
    stop: AbortSignal,
  ): Promise<boolean> => {
    const { afterMs, row } = next;
    const cause = cutCause ?? row.cause;
    cutCause = undefined;
    const state = credentials?.isPaired() === false ? "pairing" : "connecting";
    const until = afterMs > 0 ? { until: Date.now() + afterMs } : {};
    events.enter({ ...pick(row), cause, state, ...until });
    return sleep(afterMs, stop);
  };

  /** While nobody can say whose the device is, it neither reconnects nor gives up. */
  const stillOwner = async (stop: AbortSignal): Promise<boolean> => {
    while (!stop.aborted) {
      // oxlint-disable-next-line no-await-in-loop
      const mine = await deps.stillOwner().catch(nameOf);
      if (mine === true) return true;
      if (mine === false) {
        events.enter(pick(OWN_ENDINGS.not_owner));
        return false;
      }
      deps.log("device.owner_unknown", { error: mine });
      // oxlint-disable-next-line no-await-in-loop
      await sleep(settings.reconnect_base_ms, stop);
    }
    return false;
  };

  const loseOwnership = async (): Promise<void> => {
    const mine = await deps.stillOwner().catch(nameOf);
    deps.log("device.credentials_refused", { still_owner: mine });
    events.enter(pick(OWN_ENDINGS.not_owner));
  };

  /** Where the store fails, the next login is refused in the same way and tries again. */
  const forget = async (): Promise<void> => {
    await credentials?.erase().catch(onStoreFailure);
  };

  const onStoreFailure = (error: unknown): void => {
    if (error instanceof StaleCredentialsError) return;
    deps.log("device.store_failed", { error: nameOf(error) });
  };

  return {
    live: () => live,
    credentials: () => credentials,
    caches,
    run,
    cut: async (cause) => {
      const current = live;
      if (current === undefined) return;
      cutCause = cause;
      current.socket.cut("cut");
      await current.socket.ended;
    },
  };
}

const NEVER_OPENED: Ending = {
  why: "store_failed",
  text: "",
  pairing: false,
  paired: false,
  openMs: 0,
};

/** Device lists are corrected by WhatsApp's notifications, so they may be kept long. */
function openCaches(): DeviceCaches {
  const hour = 3_600_000;
  return {
    userDevices: openMemoryCache({ ttlMs: hour, entries: 5_000 }),
    retryCounters: openMemoryCache({ ttlMs: hour, entries: 5_000 }),
    callOffers: openMemoryCache({ ttlMs: 300_000, entries: 100 }),
    placeholders: openMemoryCache({ ttlMs: hour, entries: 1_000 }),
    groups: openMemoryCache({ ttlMs: hour / 12, entries: 500 }),
    staleLists: openMemoryCache({ ttlMs: hour / 6, entries: 1_000 }),
  };
}

function pick({ state, cause, code }: Consequence): Entering {
  return { state, cause, ...(code === undefined ? {} : { code }) };
}

/** False when the signal ended the wait. */
async function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  if (ms === 0) return true;
  return wait(ms, true, { signal }).catch(() => false);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

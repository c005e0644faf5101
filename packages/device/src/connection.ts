import { setTimeout as wait } from "node:timers/promises";
import type { ErrorCode } from "@pombo/domain";
import type { BinaryNode } from "@whiskeysockets/baileys";
import { type Credentials, loadCredentials, StaleCredentialsError } from "./credentials.ts";
import { OWN_ENDINGS } from "./disconnect-table.ts";
import type { DeviceConfig, DeviceDeps, Entering } from "./device-deps.ts";
import { openMemoryCache } from "./memory-cache.ts";
import {
  type Consequence,
  type ConnectionHistory,
  type Ending,
  NO_HISTORY,
  nextConnection,
} from "./next-connection.ts";
import { type OwnJids, readInbound, readReceipt } from "./receipts.ts";
import { openRestriction } from "./restriction.ts";
import { openSeal } from "./seal.ts";
import { openSender, type Sender } from "./send.ts";
import { type DeviceCaches, openSocket, type Socket, type SocketListener } from "./socket.ts";
import { serverOptions } from "./whatsapp-server.ts";

/** A socket with its sender, while it lives. */
export interface Live {
  readonly socket: Socket;
  readonly sender: Sender;
}

export interface Connection {
  /** The socket of the moment, in whatever state. */
  readonly live: () => Live | undefined;
  readonly credentials: () => Credentials | undefined;
  readonly caches: DeviceCaches;
  /** Resolves when the connection has stopped for good (or `signal` said so) and nothing of it is left. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Cuts the socket; the loop opens the next one at once. Resolves when the old one is gone. */
  readonly cut: (cause: string) => Promise<void>;
}

export interface ConnectionEvents {
  readonly enter: (change: Entering) => void;
  readonly onQr: DeviceDeps["onQr"];
}

const DEVICE_LIST_MS = 3_600_000;
const COUNTERS_MS = 3_600_000;

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
  const caches: DeviceCaches = {
    userDevices: openMemoryCache({ ttlMs: DEVICE_LIST_MS, entries: 5_000 }),
    retryCounters: openMemoryCache({ ttlMs: COUNTERS_MS, entries: 5_000 }),
    callOffers: openMemoryCache({ ttlMs: 300_000, entries: 100 }),
    placeholders: openMemoryCache({ ttlMs: COUNTERS_MS, entries: 1_000 }),
  };
  let live: Live | undefined;
  let credentials: Credentials | undefined;
  let cutCause: string | undefined;

  const run = async (signal: AbortSignal): Promise<void> => {
    const lost = new AbortController();
    const stop = AbortSignal.any([signal, lost.signal]);
    const onStale = (): void => {
      lost.abort();
      live?.socket.cut("not_owner");
    };
    let history: ConnectionHistory = NO_HISTORY;
    const follow = async (ending: Ending): Promise<boolean> => {
      const decision = nextConnection(ending, history, {
        settings,
        moment: { now: Date.now(), jitter: Math.random() },
      });
      history = decision.history;
      return act(decision.next, stop);
    };
    try {
      await reconnectWhile(stop, onStale, follow);
      if (lost.signal.aborted && !signal.aborted) await loseOwnership();
    } finally {
      credentials = undefined;
    }
  };

  const reconnectWhile = async (
    stop: AbortSignal,
    onStale: () => void,
    follow: (ending: Ending) => Promise<boolean>,
  ): Promise<void> => {
    let goOn = !stop.aborted;
    while (goOn) {
      // One connection after the other is the point of this loop.
      // oxlint-disable-next-line no-await-in-loop
      const ending = await connectOnce(stop, onStale);
      if (ending === "unreadable" || stop.aborted) return;
      // oxlint-disable-next-line no-await-in-loop
      goOn = await follow(ending);
    }
  };

  /** One connection from the credentials to the end of the socket and of everything that it had in hand. */
  const connectOnce = async (
    stop: AbortSignal,
    onStale: () => void,
  ): Promise<Ending | "unreadable"> => {
    const ready = await prepare(onStale);
    if (ready === "unreadable") return ready;
    if (ready === "store_failed") return failedBeforeOpening;
    if (stop.aborted) return failedBeforeOpening;
    if (!ready.isPaired()) ready.startAfresh();
    events.enter({ state: ready.isPaired() ? "connecting" : "pairing" });
    const current = openLive(ready);
    live = current;
    const onStop = (): void => current.socket.close();
    stop.addEventListener("abort", onStop, { once: true });
    const ending = await current.socket.ended;
    stop.removeEventListener("abort", onStop);
    live = undefined;
    current.sender.close();
    await current.sender.idle();
    await ready.settled().catch(onStoreFailure);
    current.socket.retire();
    deps.log("device.connection_ended", {
      why: ending.why,
      text: ending.text,
      open_ms: ending.openMs,
      ...current.socket.counts(),
    });
    return ending;
  };

  /** The credentials, readable and with nothing left to write. */
  const prepare = async (
    onStale: () => void,
  ): Promise<Credentials | "unreadable" | "store_failed"> => {
    try {
      if (credentials === undefined) {
        const loaded = await loadCredentials(deps.store, seal, {
          onStale,
          onTrust: (trust) => deps.onTrust?.(trust),
        });
        if (loaded.kind === "unreadable") {
          deps.log("device.credentials_unreadable", { reason: loaded.reason });
          events.enter(pick(OWN_ENDINGS.credentials_unreadable));
          return "unreadable";
        }
        credentials = loaded.credentials;
      }
      await credentials.settled();
      return credentials;
    } catch (error) {
      onStoreFailure(error);
      return "store_failed";
    }
  };

  const openLive = (ready: Credentials): Live => {
    const own = (): OwnJids => ({ pn: ready.creds().me?.id, lid: ready.creds().me?.lid });
    const restriction = openRestriction({
      settings,
      wa: () => live?.socket.wa,
      enter: (change) => events.enter({ ...change, ...identityOf(ready) }),
    });
    const listener: SocketListener = {
      onQr: events.onQr,
      onOpen: () => events.enter({ state: "connected", ...identityOf(ready) }),
      onAck: (attrs) => sender.ack(attrs),
      onReceipt: (node: BinaryNode) => {
        const evidence = readReceipt(node, own(), Date.now());
        if (evidence !== undefined) sender.receipt(evidence);
      },
      onMessage: (node: BinaryNode) => {
        const inbound = readInbound(node, own(), Date.now());
        if (inbound !== undefined) deps.onInbound(inbound);
      },
      onHandOver: (id) => sender.handOver(id),
      onRestriction: restriction.told,
      onStoreFailure,
    };
    const socket = openSocket(
      {
        server: serverOptions(config.whatsapp),
        settings,
        credentials: ready,
        caches,
        contentOf: deps.contentOf,
      },
      listener,
    );
    const sender = openSender(socket.wa, {
      settings,
      onEvidence: deps.onEvidence,
      explain: restriction.explain,
      log: deps.log,
    });
    void socket.ended.then(restriction.close);
    return { socket, sender };
  };

  /** What follows an ending; true: open the next socket. */
  const act = async (
    next: ReturnType<typeof nextConnection>["next"],
    stop: AbortSignal,
  ): Promise<boolean> => {
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
    const paired = credentials?.isPaired() !== false;
    const cause = cutCause ?? next.row.cause;
    cutCause = undefined;
    events.enter({
      ...pick(next.row),
      cause,
      state: paired ? "connecting" : "pairing",
      ...(next.afterMs > 0 ? { until: Date.now() + next.afterMs } : {}),
    });
    return await sleep(next.afterMs, stop);
  };

  const stillOwner = async (stop: AbortSignal): Promise<boolean> => {
    while (!stop.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        if (await deps.stillOwner()) return true;
        events.enter(pick(OWN_ENDINGS.not_owner));
        return false;
      } catch (error) {
        // Nobody can say now: neither reconnect nor give up.
        deps.log("device.owner_unknown", { error: nameOf(error) });
        // oxlint-disable-next-line no-await-in-loop
        await sleep(settings.reconnect_base_ms, stop);
      }
    }
    return false;
  };

  const loseOwnership = async (): Promise<void> => {
    const mine = await deps.stillOwner().catch(() => undefined);
    deps.log("device.credentials_refused", { still_owner: mine });
    events.enter(pick(OWN_ENDINGS.not_owner));
  };

  const forget = async (): Promise<void> => {
    try {
      await credentials?.erase();
    } catch (error) {
      // The next login is refused in the same way and tries again.
      onStoreFailure(error);
    }
  };

  const onStoreFailure = (error: unknown): void => {
    if (!(error instanceof StaleCredentialsError))
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

const failedBeforeOpening: Ending = {
  why: "store_failed",
  text: "",
  pairing: false,
  paired: false,
  openMs: 0,
};

function pick(row: Consequence): Entering {
  const code: { code?: ErrorCode } = row.code === undefined ? {} : { code: row.code };
  return { state: row.state, cause: row.cause, ...code };
}

function identityOf(credentials: Credentials): { phone?: string; jid?: string; lid?: string } {
  const { id, lid } = credentials.creds().me ?? {};
  const phone = id?.split(/[:@]/)[0];
  return {
    ...(phone === undefined ? {} : { phone }),
    ...(id === undefined ? {} : { jid: id }),
    ...(lid === undefined ? {} : { lid }),
  };
}

async function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  if (ms === 0) return true;
  return wait(ms, true, { signal }).catch(() => false);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

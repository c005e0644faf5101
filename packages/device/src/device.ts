import { setTimeout as pause } from "node:timers/promises";
import type { DeviceState, Failure } from "@pombo/domain";
import { checkRecipient, type RecipientCheck } from "./check-recipient.ts";
import { type Connection, openConnection } from "./connection.ts";
import type { DeviceConfig, DeviceDeps } from "./device-deps.ts";
import { type Downloaded, downloadMedia } from "./download-media.ts";
import { forgetRecipient } from "./forget-recipient.ts";
import { findGroup, findGroups, type GroupFound, type GroupsFound } from "./groups.ts";
import { askHistory, type HistoryAsked, type HistoryWish } from "./history.ts";
import type { Live } from "./live.ts";
import { type PairingCode, requestCode, untilPairing } from "./pairing-code.ts";
import type { OutgoingMessage, SendOutcome } from "./send.ts";
import { openStatus } from "./status.ts";
import { unlink } from "./unlink.ts";
import { type MediaSource, type Upload, uploadMedia } from "./upload-media.ts";
import { trustRootKey } from "./whatsapp-server.ts";

type Failed = { readonly kind: "failed"; readonly failure: Failure };

export interface Device extends AsyncDisposable {
  readonly state: () => DeviceState;
  /** ms since the epoch */
  readonly connectedSince: () => number | undefined;
  /** Logs in, or pairs when there are no credentials, and keeps at it by the disconnect table. May be called again. */
  connect(): void;
  /** Drops the socket, keeps the credentials; resolves when nothing is in hand any more. */
  disconnect(cause?: string): Promise<void>;
  /** Unlinks the device at WhatsApp when it is connected, and erases its credentials. */
  logout(): Promise<{ readonly kind: "logged-out" } | Failed>;
  /** For an unpaired device: the code to type on the phone with that number. */
  pairingCode(phone: string): Promise<PairingCode>;
  checkRecipient(digits: string): Promise<RecipientCheck>;
  groups(): Promise<GroupsFound>;
  group(jid: string): Promise<GroupFound>;
  /** Opens the file of a message that came in. */
  download(source: string, signal: AbortSignal): Promise<Downloaded>;
  /** Asks the account's phone for older messages of a chat. */
  history(wish: HistoryWish): Promise<HistoryAsked>;
  /** Shows "typing…" in the chat for so long. Nothing depends on it: what goes wrong is not told. */
  showTyping(jid: string, ms: number, signal: AbortSignal): Promise<void>;
  send(message: OutgoingMessage, signal: AbortSignal): Promise<SendOutcome>;
  /** Encrypts a file and uploads it for messages to come. */
  upload(media: MediaSource): Promise<Upload>;
  /** Forgets the recipient's devices and sessions, so that the next send asks for them. */
  refresh(jid: string): Promise<void>;
  /** Cuts the socket and comes back; resolves when the old one is gone. */
  reconnect(cause: string): Promise<void>;
}

/** A device at rest: nothing happens before `connect`. */
export function openDevice(config: DeviceConfig, deps: DeviceDeps): Device {
  if (config.whatsapp.rootKey !== undefined) trustRootKey(config.whatsapp.rootKey);
  const status = openStatus(deps, (state) => {
    if (AT_REST.has(state)) wanted = false;
  });
  const connection = openConnection(config, deps, {
    enter: status.enter,
    onQr: (qr) => {
      deps.onQr(qr);
      status.touch();
    },
  });
  let running: Running | undefined;
  /** Somebody asked for the connection since it last came to its end. */
  let wanted = false;
  let closed = false;

  const openLive = (): Live | Failure => {
    const live = connection.live();
    if (live?.socket.isOpen() === true) return live;
    return status.everConnected() ? AWAY[status.state()] : (NEVER_YET[status.state()] ?? NOT_READY);
  };

  /** A bug of ours or of Baileys: the device rests, the process lives. */
  const onFailure = (error: unknown): void => {
    deps.log("device.failed", { error: error instanceof Error ? error.name : typeof error });
    status.enter({ state: "disconnected", cause: "internal_error", code: "INTERNAL_ERROR" });
  };

  const connect = (): void => {
    if (closed) throw new Error("the device is closed");
    wanted = true;
    running ??= start(connection, onFailure, () => {
      running = undefined;
      if (wanted && !closed) connect();
    });
  };

  /** Resolves with whether there was anything to stop. */
  const halt = async (): Promise<boolean> => {
    const current = running;
    wanted = false;
    current?.stop.abort();
    await current?.done;
    return current !== undefined;
  };

  const disconnect = async (cause = "requested"): Promise<void> => {
    if (await halt()) status.enter({ state: "disconnected", cause });
  };

  const logout = async (): Promise<{ readonly kind: "logged-out" } | Failed> => {
    const live = openLive();
    const failure = "socket" in live ? await unlink(live) : undefined;
    if (failure !== undefined) return { kind: "failed", failure };
    await halt();
    const outcome = await deps.store.erase().catch(() => "failed" as const);
    if (outcome !== "written") return { kind: "failed", failure: NOT_ERASED };
    if (status.state() !== "logged_out") status.enter({ state: "logged_out", cause: "logout" });
    return { kind: "logged-out" };
  };

  return {
    state: status.state,
    connectedSince: () => connection.live()?.socket.openedAt(),
    connect,
    disconnect,
    logout,
    pairingCode: async (phone) => {
      connect();
      const pairing = await untilPairing(connection, status, config.settings.open_timeout_ms);
      return "code" in pairing ? { kind: "failed", failure: pairing } : requestCode(pairing, phone);
    },
    checkRecipient: async (digits) => {
      const live = openLive();
      return "code" in live
        ? { kind: "failed", failure: live }
        : checkRecipient(live.socket.wa, digits, connection.caches);
    },
    groups: async () => {
      const live = openLive();
      return "code" in live ? { kind: "failed", failure: live } : findGroups(live.socket.wa);
    },
    group: async (jid) => {
      const live = openLive();
      return "code" in live ? { kind: "failed", failure: live } : findGroup(live.socket.wa, jid);
    },
    download: async (source, signal) => {
      const live = openLive();
      return "code" in live
        ? { kind: "failed", failure: live }
        : downloadMedia(live.socket.wa, source, { agent: live.mediaAgent, signal });
    },
    history: async (wish) => {
      const live = openLive();
      if ("code" in live) return { kind: "failed", failure: live };
      const { ack_wait_ms: ackMs, history_wait_ms: answerMs } = config.settings;
      return askHistory(live.socket.wa, wish, { ackMs, answerMs });
    },
    showTyping: async (jid, ms, signal) => {
      const live = openLive();
      if ("code" in live) return;
      await live.socket.wa.sendPresenceUpdate("composing", jid).catch(() => {});
      await pause(ms, undefined, { signal }).catch(() => {});
    },
    send: async (message, signal) => {
      const live = openLive();
      return "code" in live ? { kind: "failed", failure: live } : live.sender.send(message, signal);
    },
    upload: async (media) => {
      const live = openLive();
      if (!("code" in live)) return uploadMedia(live.socket.wa, media, config.settings);
      media.bytes.destroy();
      return { kind: "failed", failure: live };
    },
    refresh: async (jid) => {
      const credentials = connection.credentials();
      if (credentials !== undefined)
        await forgetRecipient(jid, {
          credentials,
          caches: connection.caches,
          wa: connection.live()?.socket.wa,
        });
    },
    reconnect: (cause) => connection.cut(cause),
    [Symbol.asyncDispose]: async () => {
      closed = true;
      if (await halt()) status.enter({ state: "disconnected", cause: "closed" });
    },
  };
}

interface Running {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

function start(
  connection: Connection,
  onFailure: (error: unknown) => void,
  onEnd: () => void,
): Running {
  const stop = new AbortController();
  return { stop, done: connection.run(stop.signal).catch(onFailure).finally(onEnd) };
}

const AT_REST: ReadonlySet<DeviceState> = new Set(["disconnected", "logged_out", "blocked"]);

const DISCONNECTED: Failure = {
  code: "DEVICE_DISCONNECTED",
  detail: "the device is not connected now",
};
const NOT_READY: Failure = { code: "DEVICE_NOT_READY", detail: "the device is not connected yet" };
const NOT_ERASED: Failure = { code: "DEVICE_ERROR", detail: "the credentials could not be erased" };
const BLOCKED: Failure = { code: "ACCOUNT_BLOCKED", detail: "WhatsApp has blocked the account" };

/** Why nothing can be sent in a state, when there is no open socket. */
const AWAY: Readonly<Record<DeviceState, Failure>> = {
  created: NOT_READY,
  pairing: NOT_READY,
  logged_out: NOT_READY,
  connecting: DISCONNECTED,
  connected: DISCONNECTED,
  restricted: DISCONNECTED,
  disconnected: DISCONNECTED,
  blocked: BLOCKED,
};
const NEVER_YET: Readonly<Partial<Record<DeviceState, Failure>>> = { blocked: BLOCKED };

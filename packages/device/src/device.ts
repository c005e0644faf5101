import type { DeviceState, Failure } from "@pombo/domain";
import { S_WHATSAPP_NET } from "@whiskeysockets/baileys";
import { checkRecipient, type RecipientCheck } from "./check-recipient.ts";
import { type Connection, openConnection } from "./connection.ts";
import type { DeviceConfig, DeviceDeps, Entering } from "./device-deps.ts";
import { disconnectRow } from "./disconnect-table.ts";
import { forgetRecipient } from "./forget-recipient.ts";
import type { Live } from "./live.ts";
import type { OutgoingMessage, SendOutcome } from "./send.ts";
import { trustRootKey } from "./whatsapp-server.ts";

type Failed = { readonly kind: "failed"; readonly failure: Failure };

export interface Device extends AsyncDisposable {
  readonly state: () => DeviceState;
  /** ms since the epoch */
  readonly connectedSince: () => number | undefined;
  /** Logs in, or pairs when there are no credentials, and keeps at it by the disconnect table. May be called again. */
  connect(): void;
  /** Drops the socket, keeps the credentials; resolves when nothing is in hand any more. */
  disconnect(): Promise<void>;
  /** Unlinks the device at WhatsApp when it is connected, and erases its credentials. */
  logout(): Promise<{ readonly kind: "logged-out" } | Failed>;
  /** For an unpaired device: the code to type on the phone with that number. */
  pairingCode(
    phone: string,
  ): Promise<{ readonly kind: "code"; readonly code: string; readonly expiresAt: number } | Failed>;
  checkRecipient(digits: string): Promise<RecipientCheck>;
  send(message: OutgoingMessage, signal: AbortSignal): Promise<SendOutcome>;
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
    return WAS_CONNECTED.has(status.state()) && status.everConnected() ? DISCONNECTED : NOT_READY;
  };

  const connect = (): void => {
    if (closed) throw new Error("the device is closed");
    wanted = true;
    running ??= start(connection, () => {
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

  const disconnect = async (): Promise<void> => {
    if (await halt()) status.enter({ state: "disconnected", cause: "requested" });
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
        : checkRecipient(live.socket.wa, digits);
    },
    send: async (message, signal) => {
      const live = openLive();
      return "code" in live ? { kind: "failed", failure: live } : live.sender.send(message, signal);
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

function start(connection: Connection, onEnd: () => void): Running {
  const stop = new AbortController();
  return { stop, done: connection.run(stop.signal).finally(onEnd) };
}

interface Status {
  readonly state: () => DeviceState;
  readonly everConnected: () => boolean;
  readonly enter: (change: Entering) => void;
  /** Something other than the state has moved. */
  readonly touch: () => void;
  /** Calls back once, at the next move; returns how to take that back. */
  readonly atNextMove: (callback: () => void) => () => void;
}

/** The one place that changes the state. A change that says nothing new is not told. */
function openStatus(deps: DeviceDeps, onEnter: (state: DeviceState) => void): Status {
  let state: DeviceState = "created";
  let told = "";
  let connected = false;
  const waiting = new Set<() => void>();
  const touch = (): void => {
    const callbacks = [...waiting];
    waiting.clear();
    for (const callback of callbacks) callback();
  };
  return {
    state: () => state,
    everConnected: () => connected,
    touch,
    enter: (change) => {
      const saying = JSON.stringify([change.state, change.cause, change.until]);
      if (saying === told || (change.state === state && change.cause === undefined)) return;
      told = saying;
      state = change.state;
      connected ||= state === "connected";
      onEnter(state);
      deps.onState({ ...change, at: Date.now() });
      touch();
    },
    atNextMove: (callback) => {
      waiting.add(callback);
      return () => waiting.delete(callback);
    },
  };
}

/** Unlinks at WhatsApp; a server that ends the connection as unlinked has agreed as well. */
async function unlink({ socket }: Live): Promise<Failure | undefined> {
  const jid = socket.wa.user?.id;
  if (jid === undefined) return undefined;
  const reason = "user_initiated";
  try {
    const answer: unknown = await socket.wa.query({
      tag: "iq",
      attrs: { to: S_WHATSAPP_NET, type: "set", xmlns: "md" },
      content: [{ tag: "remove-companion-device", attrs: { jid, reason } }],
    });
    return answer === undefined ? NOT_UNLINKED : undefined;
  } catch (cause) {
    if (socket.isOpen()) return { ...NOT_UNLINKED, cause };
    const { why, text } = await socket.ended;
    const agreed = typeof why === "number" && disconnectRow(why, text).follows === "unlinked";
    return agreed ? undefined : { ...NOT_UNLINKED, cause };
  }
}

/** Waits until the device shows a QR code: only then does WhatsApp take a request for a pairing code. */
async function untilPairing(
  connection: Connection,
  status: Status,
  limitMs: number,
): Promise<Live | Failure> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), limitMs);
  try {
    while (true) {
      const live = connection.live();
      if (live?.socket.pairingEndsAt() !== undefined) return live;
      if (connection.credentials()?.isPaired() === true) return ALREADY_PAIRED;
      const { promise: moved, resolve: move } = Promise.withResolvers<"moved">();
      const forget = status.atNextMove(() => move("moved"));
      // Each move of the device is looked at in turn.
      // oxlint-disable-next-line no-await-in-loop
      const first = await Promise.race([moved, late]);
      forget();
      if (first === "late" || !COMING_UP.has(status.state())) return NO_PAIRING;
    }
  } finally {
    clearTimeout(timer);
  }
}

async function requestCode(
  { socket }: Live,
  phone: string,
): Promise<{ readonly kind: "code"; readonly code: string; readonly expiresAt: number } | Failed> {
  try {
    const code = await socket.wa.requestPairingCode(phone.replace(/\D/g, ""));
    return { kind: "code", code, expiresAt: socket.pairingEndsAt() ?? Date.now() };
  } catch (cause) {
    return { kind: "failed", failure: { ...NO_PAIRING, cause } };
  }
}

const WAS_CONNECTED: ReadonlySet<DeviceState> = new Set([
  "connecting",
  "disconnected",
  "connected",
  "restricted",
]);
const AT_REST: ReadonlySet<DeviceState> = new Set(["disconnected", "logged_out", "blocked"]);
const COMING_UP: ReadonlySet<DeviceState> = new Set(["connecting", "pairing"]);

const DISCONNECTED: Failure = {
  code: "DEVICE_DISCONNECTED",
  detail: "the device is not connected now",
};
const NOT_READY: Failure = { code: "DEVICE_NOT_READY", detail: "the device is not connected yet" };
const NOT_ERASED: Failure = { code: "DEVICE_ERROR", detail: "the credentials could not be erased" };
const NOT_UNLINKED: Failure = {
  code: "UPSTREAM_FAILED",
  detail: "WhatsApp did not unlink the device",
};
const NO_PAIRING: Failure = { code: "UPSTREAM_FAILED", detail: "WhatsApp did not start a pairing" };
const ALREADY_PAIRED: Failure = { code: "CONFLICT", detail: "the device is paired" };

import {
  type BinaryNode,
  type ConnectionState,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  makeWASocket,
  type WAMessage,
  type WASocket,
} from "@whiskeysockets/baileys";
import { type BaileysConfig, baileysOptions, qrLife } from "./baileys-options.ts";
import type { Credentials } from "./credentials.ts";
import type { OwnEnding } from "./disconnect-table.ts";
import { guardListeners } from "./guard-listeners.ts";
import type { Ending } from "./next-connection.ts";
import { asksForPasskey } from "./passkey.ts";
import { quietLibsignal } from "./quiet-libsignal.ts";
import { openSilentLogger } from "./silent-logger.ts";
import { wrapSecretKeys } from "./secret-keys.ts";
import { openWatchdog, terminate, type Watchdog } from "./watchdog.ts";
import type { ServerOptions } from "./whatsapp-server.ts";

export interface SocketOptions extends BaileysConfig {
  readonly server: ServerOptions;
  readonly credentials: Credentials;
}

/** Everything is told by raw nodes: Baileys' own events are buffered, merged, and lost when a socket ends. */
export interface SocketListener {
  readonly onQr: (qr: { text: string; expiresAt: number }) => void;
  readonly onOpen: () => void;
  readonly onAck: (attrs: BinaryNode["attrs"]) => void;
  readonly onReceipt: (node: BinaryNode) => void;
  readonly onMessage: (node: BinaryNode) => void;
  /** Messages that Baileys has decrypted. */
  readonly onDecrypted: (messages: readonly WAMessage[]) => void;
  /** Something about this group has changed. */
  readonly onGroupChange: (jid: string) => void;
  /** So many one-time keys are left at WhatsApp; `low`: it says so by itself, because they run out. */
  readonly onPreKeyCount: (left: number, low: boolean) => void;
  /** A message stanza is about to be written; throwing keeps it from leaving. */
  readonly onHandOver: (messageId: string) => void;
  readonly onRestriction: (restriction: { active: boolean; until?: number }) => void;
  readonly onStoreFailure: (error: unknown) => void;
}

/** One Baileys socket from creation to end; it is never used again. */
export interface Socket {
  readonly wa: WASocket;
  /** Logged in; sending before that would break the handshake. */
  readonly isOpen: () => boolean;
  readonly openedAt: () => number | undefined;
  /** While it is pairing: when it ends because nobody scanned a code. */
  readonly pairingEndsAt: () => number | undefined;
  readonly ended: Promise<Ending>;
  /** Ends it now, without waiting for the other side. */
  readonly cut: (why: OwnEnding | "cut") => void;
  /** Ends it with a closing handshake, which the watchdog bounds. */
  readonly close: () => void;
  readonly counts: () => { readonly errors: number; readonly warnings: number };
  /** After this, late writes of the socket's key store are refused. */
  readonly retire: () => void;
}

/** What is known of the connection; everything below reads and writes this one record. */
interface Life {
  /** Why we ended it, if we did. */
  why: OwnEnding | "cut" | undefined;
  openedAt: number | undefined;
  pairingEndsAt: number | undefined;
  qrsShown: number;
  readonly pairing: boolean;
}

// Before any socket, and so before any session.
quietLibsignal();
wrapSecretKeys();

export function openSocket(options: SocketOptions, listener: SocketListener): Socket {
  const { credentials, settings } = options;
  const store = credentials.keysForSocket();
  const silent = openSilentLogger(listener.onHandOver);
  const wa = makeWASocket({
    ...options.server,
    ...baileysOptions(options),
    logger: silent.logger,
    auth: { creds: credentials.creds(), keys: store.keys },
  });
  const life: Life = {
    why: undefined,
    openedAt: undefined,
    pairingEndsAt: undefined,
    qrsShown: 0,
    pairing: !credentials.isPaired(),
  };
  const isOpen = (): boolean =>
    life.openedAt !== undefined && life.why === undefined && wa.ws.isOpen;
  const close = (): void => {
    life.why ??= "cut";
    void wa.end(undefined);
  };
  const cut = (why: OwnEnding | "cut"): void => {
    life.why ??= why;
    void wa.end(undefined);
    terminate(wa);
  };
  const watchdog = openWatchdog(wa, { settings, isOpen, cut });
  listenToNodes(wa, listener, { life, watchdog, settings, cut });
  wa.ev.on("creds.update", () => {
    credentials.settled().catch(listener.onStoreFailure);
  });
  const ended = untilEnded(wa, options, life).finally(watchdog.close);
  listenToUpdates(wa, listener, { life, watchdog, settings, cut });
  return {
    wa,
    isOpen,
    openedAt: () => life.openedAt,
    pairingEndsAt: () => life.pairingEndsAt,
    ended,
    cut,
    close,
    counts: silent.counts,
    retire: store.retire,
  };
}

interface Hands {
  readonly life: Life;
  readonly watchdog: Watchdog;
  readonly settings: SocketOptions["settings"];
  readonly cut: (why: OwnEnding) => void;
}

function listenToNodes(
  wa: WASocket,
  listener: SocketListener,
  { life, watchdog, settings, cut }: Hands,
): void {
  guardListeners(wa.ws, () => cut("bad_frame"));
  wa.ws.on("CB:ack,class:message", (node: BinaryNode) => listener.onAck(node.attrs));
  wa.ws.on("CB:receipt", listener.onReceipt);
  wa.ws.on("CB:message", listener.onMessage);
  wa.ws.on("CB:notification,type:w:gp2", ({ attrs: { from } }: BinaryNode) => {
    if (from !== undefined) listener.onGroupChange(from);
  });
  // Baileys asks at every login.
  wa.ws.on("CB:iq,type:result,count", (node: BinaryNode) =>
    listener.onPreKeyCount(countIn(node), false),
  );
  wa.ws.on("CB:notification,type:encrypt,count", (node: BinaryNode) =>
    listener.onPreKeyCount(countIn(node), true),
  );
  if (!life.pairing) return;
  wa.ws.on("CB:notification", (node: BinaryNode) => {
    if (asksForPasskey(node)) cut("passkey_required");
  });
  wa.ws.on("CB:iq,type:set,pair-device", (node: BinaryNode) => {
    const refs = getBinaryNodeChildren(getBinaryNodeChild(node, "pair-device"), "ref").length;
    life.pairingEndsAt = Date.now() + qrLife(0, settings) + (refs - 1) * qrLife(1, settings);
    watchdog.relax();
  });
}

function countIn(node: BinaryNode): number {
  return Number(getBinaryNodeChild(node, "count")?.attrs["value"]);
}

function listenToUpdates(
  wa: WASocket,
  listener: SocketListener,
  { life, watchdog, settings }: Hands,
): void {
  wa.ev.on("messages.upsert", ({ messages }) => listener.onDecrypted(messages));
  wa.ev.on("connection.update", (update) => {
    if (update.qr !== undefined) {
      const expiresAt = Date.now() + qrLife(life.qrsShown, settings);
      life.qrsShown += 1;
      listener.onQr({ text: update.qr, expiresAt });
    }
    // Paired: WhatsApp ends this connection itself (515).
    if (update.isNewLogin === true) watchdog.expectOpening();
    if (update.connection === "open") {
      life.openedAt = Date.now();
      watchdog.relax();
      listener.onOpen();
    }
    if (update.reachoutTimeLock !== undefined)
      listener.onRestriction(restrictionOf(update.reachoutTimeLock));
  });
}

/** Resolves when Baileys has let go of the connection. */
function untilEnded(
  wa: WASocket,
  { server, credentials }: SocketOptions,
  life: Life,
): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  wa.ev.on("connection.update", ({ connection, lastDisconnect }) => {
    if (connection !== "close") return;
    server.agent?.destroy();
    rejectQueries(wa);
    const told = endingOf(lastDisconnect?.error);
    resolve({
      ...told,
      why: life.why ?? told.why,
      pairing: life.pairing,
      paired: credentials.isPaired(),
      openMs: life.openedAt === undefined ? 0 : Math.max(1, Date.now() - life.openedAt),
    });
  });
  return promise;
}

function endingOf(error: unknown): Pick<Ending, "why" | "text" | "until"> {
  const boom = (typeof error === "object" && error !== null ? error : {}) as {
    message?: string;
    output?: { statusCode?: number };
    data?: { expire?: string };
  };
  const seconds = Number(boom.data?.expire);
  return {
    why: boom.output?.statusCode,
    text: boom.message ?? "",
    ...(seconds > 0 ? { until: Date.now() + seconds * 1000 } : {}),
  };
}

function restrictionOf(lock: NonNullable<ConnectionState["reachoutTimeLock"]>): {
  active: boolean;
  until?: number;
} {
  const until = lock.timeEnforcementEnds?.getTime();
  return { active: lock.isActive === true, ...(until === undefined ? {} : { until }) };
}

/** Baileys takes its `close` listeners away before it closes, so that queries would hang until their timeout. */
function rejectQueries(wa: WASocket): void {
  const closed = Object.assign(new Error("Connection Closed"), { output: { statusCode: 428 } });
  if (wa.ws.listenerCount("error") > 0) wa.ws.emit("error", closed);
}

import type { Settings } from "@pombo/domain";
import {
  type BinaryNode,
  type ConnectionState,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  makeWASocket,
  type WASocket,
} from "@whiskeysockets/baileys";
import type { Credentials } from "./credentials.ts";
import type { OwnEnding } from "./disconnect-table.ts";
import { guardListeners } from "./guard-listeners.ts";
import type { MemoryCache } from "./memory-cache.ts";
import type { Ending } from "./next-connection.ts";
import { type OutgoingContent, toProto } from "./outgoing-content.ts";
import { quietLibsignal } from "./quiet-libsignal.ts";
import { openSilentLogger } from "./silent-logger.ts";
import { type ServerOptions } from "./whatsapp-server.ts";

/** What a device keeps over all its sockets. */
export interface DeviceCaches {
  readonly userDevices: MemoryCache;
  readonly retryCounters: MemoryCache;
  readonly callOffers: MemoryCache;
  readonly placeholders: MemoryCache;
}

export interface SocketOptions {
  readonly server: ServerOptions;
  readonly settings: Settings;
  readonly credentials: Credentials;
  readonly caches: DeviceCaches;
  readonly contentOf: (messageId: string) => Promise<OutgoingContent | undefined>;
}

/** Everything is told by raw nodes: Baileys' own events are buffered, merged, and lost when a socket ends. */
export interface SocketListener {
  readonly onQr: (qr: { text: string; expiresAt: number }) => void;
  readonly onOpen: () => void;
  readonly onAck: (attrs: BinaryNode["attrs"]) => void;
  readonly onReceipt: (node: BinaryNode) => void;
  readonly onMessage: (node: BinaryNode) => void;
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
  /** When the connection ends by itself because nobody paired it. */
  readonly pairingEndsAt: () => number | undefined;
  readonly ended: Promise<Ending>;
  /** Ends it now, without waiting for the other side. */
  readonly cut: (why: OwnEnding | "cut") => void;
  /** Ends it with a closing handshake, for at most a second. */
  readonly close: () => void;
  readonly counts: () => { readonly errors: number; readonly warnings: number };
  /** After this, late writes of the socket's key store are refused. */
  readonly retire: () => void;
}

// Before any socket, and so before any session.
quietLibsignal();

const TICK_MS = 1_000;
/** A closing handshake that takes longer is cut off. */
const CLOSING_MS = 1_000;
/** Baileys sees silence only at its next keep-alive and then waits for the dead peer's farewell; this sees it first. */
const SILENCE_SLACK_MS = 4_000;
const FIRST_QR_MS = 60_000;
const LATER_QR_MS = 20_000;

export function openSocket(options: SocketOptions, listener: SocketListener): Socket {
  const { credentials, settings } = options;
  const pairing = !credentials.isPaired();
  const store = credentials.keysForSocket();
  const silent = openSilentLogger(listener.onHandOver);
  const wa = makeWASocket({
    ...options.server,
    ...baileysOptions(options),
    logger: silent.logger,
    auth: { creds: credentials.creds(), keys: store.keys },
  });
  const life = {
    why: undefined as OwnEnding | "cut" | undefined,
    openedAt: 0,
    lastFrameAt: Date.now(),
    closingAt: 0,
  };
  const qr = { endsAt: 0, shown: 0 };
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<Ending>();

  const cut = (why: OwnEnding | "cut"): void => {
    life.why ??= why;
    void wa.end(undefined);
    terminate(wa);
  };
  const close = (): void => {
    life.why ??= "cut";
    life.closingAt ||= Date.now();
    void wa.end(undefined);
  };

  let openTimer: NodeJS.Timeout | undefined = setTimeout(
    () => cut("open_timeout"),
    settings.open_timeout_ms,
  );
  const waitForOpen = (): void => {
    clearTimeout(openTimer);
    openTimer = setTimeout(() => cut("open_timeout"), settings.open_timeout_ms);
  };
  const tick = setInterval(() => {
    const now = Date.now();
    if (life.closingAt === 0 && wa.ws.isClosing) life.closingAt = now;
    if (life.closingAt > 0 && now - life.closingAt >= CLOSING_MS) terminate(wa);
    if (now - life.lastFrameAt > settings.keep_alive_ms + SILENCE_SLACK_MS && life.openedAt > 0)
      cut("connection_lost");
  }, TICK_MS);

  guardListeners(wa.ws, () => cut("bad_frame"));
  wa.ws.on("frame", () => {
    life.lastFrameAt = Date.now();
  });
  wa.ws.on("CB:ack,class:message", (node: BinaryNode) => listener.onAck(node.attrs));
  wa.ws.on("CB:receipt", (node: BinaryNode) => listener.onReceipt(node));
  wa.ws.on("CB:message", (node: BinaryNode) => listener.onMessage(node));
  wa.ws.on("CB:notification", (node: BinaryNode) => {
    if (pairing && asksForPasskey(node)) cut("passkey_required");
  });
  wa.ws.on("CB:iq,type:set,pair-device", (node: BinaryNode) => {
    clearTimeout(openTimer);
    const refs = getBinaryNodeChildren(getBinaryNodeChild(node, "pair-device"), "ref").length;
    qr.endsAt = Date.now() + qrLife(0, settings) + (refs - 1) * qrLife(1, settings);
  });
  wa.ev.on("creds.update", () => {
    credentials.settled().catch(listener.onStoreFailure);
  });

  const onUpdate = (update: Partial<ConnectionState>): void => {
    if (update.qr !== undefined)
      listener.onQr({ text: update.qr, expiresAt: Date.now() + qrLife(qr.shown++, settings) });
    // Paired: WhatsApp ends this connection itself (515).
    if (update.isNewLogin === true) waitForOpen();
    if (update.connection === "open") {
      clearTimeout(openTimer);
      life.openedAt = Date.now();
      listener.onOpen();
    }
    if (update.reachoutTimeLock !== undefined)
      listener.onRestriction(restrictionOf(update.reachoutTimeLock));
    if (update.connection !== "close") return;
    clearTimeout(openTimer);
    clearInterval(tick);
    options.server.agent?.destroy();
    rejectQueries(wa);
    resolveEnded({
      ...endingOf(update.lastDisconnect?.error),
      ...(life.why === undefined ? {} : { why: life.why }),
      pairing,
      paired: credentials.isPaired(),
      openMs: life.openedAt === 0 ? 0 : Date.now() - life.openedAt,
    });
  };
  wa.ev.on("connection.update", onUpdate);

  return {
    wa,
    isOpen: () => life.openedAt > 0 && life.why === undefined && wa.ws.isOpen,
    openedAt: () => life.openedAt || undefined,
    pairingEndsAt: () => qr.endsAt || undefined,
    ended,
    cut,
    close,
    counts: silent.counts,
    retire: store.retire,
  };
}

function baileysOptions({ settings, caches, contentOf }: SocketOptions) {
  return {
    emitOwnEvents: false,
    // The phone keeps getting its notifications.
    markOnlineOnConnect: false,
    syncFullHistory: false,
    shouldSyncHistoryMessage: () => false,
    generateHighQualityLinkPreview: false,
    keepAliveIntervalMs: settings.keep_alive_ms,
    defaultQueryTimeoutMs: settings.query_timeout_ms,
    connectTimeoutMs: Math.min(20_000, settings.open_timeout_ms),
    transactionOpts: { maxCommitRetries: 3, delayBetweenTriesMs: 200 },
    userDevicesCache: caches.userDevices,
    msgRetryCounterCache: caches.retryCounters,
    callOfferCache: caches.callOffers,
    placeholderResendCache: caches.placeholders,
    getMessage: async ({ id }: { id?: string | null }) => {
      const content = id === undefined || id === null ? undefined : await contentOf(id);
      return content === undefined ? undefined : toProto(content);
    },
    // Absent: the first QR code lives 60 s and the later ones 20 s, as WhatsApp Web does it.
    ...(settings.qr_kept_ms < FIRST_QR_MS ? { qrTimeout: settings.qr_kept_ms } : {}),
  };
}

function qrLife(index: number, settings: Settings): number {
  return Math.min(
    settings.qr_kept_ms,
    index === 0 ? FIRST_QR_MS : LATER_QR_MS,
    settings.qr_kept_ms,
  );
}

/**
 * Accounts that must answer a passkey when they link a device: WhatsApp says so in a notification that the pinned release doesn't
 * know, or leaves the keys out of the code pairing's answer (Baileys: "Invalid buffer").
 */
function asksForPasskey(node: BinaryNode): boolean {
  if (node.attrs["type"] === "passkey_prologue_request") return true;
  if (
    getBinaryNodeChild(node, "passkey_prologue_request") ??
    getBinaryNodeChild(node, "crsc_continuation")
  )
    return true;
  const answer = getBinaryNodeChild(node, "link_code_companion_reg");
  if (answer?.attrs["stage"] !== "primary_hello") return false;
  return [
    "link_code_pairing_ref",
    "primary_identity_pub",
    "link_code_pairing_wrapped_primary_ephemeral_pub",
  ].some((name) => getBinaryNodeChild(answer, name) === undefined);
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

function terminate(wa: WASocket): void {
  const { socket } = wa.ws as unknown as { socket: { terminate(): void } | null };
  socket?.terminate();
}

import type { Settings } from "@pombo/domain";
import { type GroupMetadata, proto, type WAMessageKey } from "@whiskeysockets/baileys";
import type { MemoryCache } from "./memory-cache.ts";
import { type SentBefore, toProto } from "./outgoing-content.ts";

/** What a device keeps over all its sockets. */
export interface DeviceCaches {
  readonly userDevices: MemoryCache;
  readonly retryCounters: MemoryCache;
  readonly callOffers: MemoryCache;
  readonly placeholders: MemoryCache;
  /** Users whose device list was dropped lately because WhatsApp called it stale. */
  readonly staleLists: MemoryCache;
  /** What is known of groups, by JID. */
  readonly groups: MemoryCache;
}

export interface BaileysConfig {
  readonly settings: Settings;
  readonly caches: DeviceCaches;
  readonly sentUnder: (messageId: string) => Promise<SentBefore | undefined>;
  /** Our own address, once there is one. */
  readonly me: () => string | undefined;
}

/** WhatsApp Web shows the first QR code of a pairing for a minute and each later one for twenty seconds. */
const FIRST_QR_MS = 60_000;
const LATER_QR_MS = 20_000;

/** How long the QR code with this number (from 0) is shown; a shorter setting applies to each. */
export function qrLife(index: number, settings: Settings): number {
  return Math.min(settings.qr_kept_ms, index === 0 ? FIRST_QR_MS : LATER_QR_MS);
}

/** Everything that we ask of Baileys, in one place. */
export function baileysOptions({ settings, caches, sentUnder, me }: BaileysConfig) {
  return {
    emitOwnEvents: false,
    // The phone keeps getting its notifications.
    markOnlineOnConnect: false,
    // History costs minutes of CPU; what we ask for is read.
    syncFullHistory: false,
    shouldSyncHistoryMessage: ({ syncType }: proto.Message.IHistorySyncNotification) =>
      syncType === proto.Message.HistorySyncType.ON_DEMAND,
    generateHighQualityLinkPreview: false,
    keepAliveIntervalMs: settings.keep_alive_ms,
    defaultQueryTimeoutMs: settings.query_timeout_ms,
    // Our watchdog bounds the connecting. Baileys would time every single write with it, at 0.1 ms of timers and stack traces each.
    connectTimeoutMs: 0,
    // A store that fails must not hold the device's lock for half a minute, which is the default.
    transactionOpts: { maxCommitRetries: 3, delayBetweenTriesMs: 200 },
    userDevicesCache: caches.userDevices,
    msgRetryCounterCache: caches.retryCounters,
    callOfferCache: caches.callOffers,
    placeholderResendCache: caches.placeholders,
    cachedGroupMetadata: async (jid: string) => caches.groups.get<GroupMetadata>(jid),
    getMessage: async ({ id }: WAMessageKey) => {
      const sent = id === undefined || id === null ? undefined : await sentUnder(id);
      return sent === undefined
        ? undefined
        : toProto(sent.content, { jid: sent.jid, me: me() ?? "" });
    },
    ...(settings.qr_kept_ms < FIRST_QR_MS ? { qrTimeout: settings.qr_kept_ms } : {}),
  };
}

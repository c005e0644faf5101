import type { DeviceState, ErrorCode, InboundMessage, Settings } from "@pombo/domain";
import type { CredentialStore } from "./credentials.ts";
import type { SentBefore } from "./outgoing-content.ts";
import type { Evidence, Inbound } from "./receipts.ts";
import type { CredentialKeys } from "./seal.ts";
import type { WhatsAppServer } from "./whatsapp-server.ts";

export interface DeviceConfig {
  readonly deviceId: string;
  readonly whatsapp: WhatsAppServer;
  readonly settings: Settings;
  readonly keys: CredentialKeys;
}

export interface DeviceDeps {
  readonly store: CredentialStore;
  /** What was sent under this id, for recipients that ask for it again. */
  readonly sentUnder: (messageId: string) => Promise<SentBefore | undefined>;
  readonly onState: (change: DeviceChange) => void;
  readonly onQr: (qr: { text: string; expiresAt: number }) => void;
  /** Receipts, and acks that nobody waits for any more. Never fenced: WhatsApp doesn't say it again. */
  readonly onEvidence: (evidence: Evidence) => void;
  readonly onInbound: (message: Inbound) => void;
  /** What somebody wrote, decrypted: later than `onInbound`, and not at all when it can't be read. */
  readonly onReceived?: (message: InboundMessage) => void;
  /** A trust token of `recipient` (a JID, as a rule a LID) was stored. */
  readonly onTrust?: (trust: { readonly recipient: string; readonly until: number }) => void;
  /** Asked before a reconnect after 440, and when a credentials write was refused. */
  readonly stillOwner: () => Promise<boolean>;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

export interface DeviceChange {
  readonly state: DeviceState;
  /** Why, in snake_case; absent for the ordinary course of things. */
  readonly cause?: string;
  readonly code?: ErrorCode;
  /** Next try, end of a ban, or end of a restriction; ms since the epoch. */
  readonly until?: number;
  readonly phone?: string;
  readonly jid?: string;
  readonly lid?: string;
  readonly at: number;
}

/** A change of state before the device has stamped it. */
export type Entering = Omit<DeviceChange, "at">;

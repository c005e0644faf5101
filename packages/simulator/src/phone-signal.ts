import type { Companion, PreKey } from "./directory.ts";
import type { Journal } from "./journal.ts";
import type { KeyRing, PhoneKeys } from "./key-ring.ts";
import { ProtocolAddress, SessionBuilder, SessionCipher, SessionRecord } from "./quiet-signal.ts";

/**
 * The Signal sessions of the virtual phones, each with a companion. A session is written to the journal when it begins
 * or steps its ratchet, not for every message: an older state still reads the messages of the same chain, and what
 * it cannot read is asked for again with a retry receipt.
 */
export interface PhoneSignal {
  /** Throws when the message cannot be decrypted. */
  decrypt(pair: SignalPair, enc: Encrypted): Promise<Buffer>;
  encrypt(pair: SignalPair, plaintext: Buffer): Promise<Encrypted>;
  /** Whether the phone can encrypt to the companion without fetching a bundle. */
  hasSession(pair: SignalPair): boolean;
  begin(pair: SignalPair, companion: Companion, oneTime: PreKey | undefined): Promise<void>;
  /** The companion is unlinked: its sessions mean nothing any more. */
  forget(companion: string): void;
}

interface SignalPair {
  /** Digits of the phone. */
  readonly phone: string;
  /** JID of the companion. */
  readonly companion: string;
}

export interface Encrypted {
  readonly type: "pkmsg" | "msg";
  readonly bytes: Buffer;
}

const preKeyMessage = 3;
const messagesBetweenSaves = 500;
const keptSessions = 4;

interface Kept {
  readonly record: SessionRecord;
  /** What was saved last, by its ratchet key. */
  savedRatchet: string;
  messages: number;
}

type Sessions = Record<string, { indexInfo: { closed: number; used: number } }>;
interface OpenSession {
  readonly currentRatchet: {
    readonly lastRemoteEphemeralKey: Buffer;
    readonly ephemeralKeyPair: { readonly pubKey: Buffer };
  };
}
/** The parts of libsignal's record that its types leave out. */
type Inner = SessionRecord & { sessions: Sessions; getOpenSession(): OpenSession | undefined };

export function openPhoneSignal({
  journal,
  keyRing,
}: {
  journal: Journal;
  keyRing: KeyRing;
}): PhoneSignal {
  const kept = new Map<string, Kept>();
  for (const [key, stored] of journal.entries<Uint8Array>("session/")) {
    kept.set(key, { record: SessionRecord.deserialize(stored), savedRatchet: "", messages: 0 });
  }

  function keep(key: string, record: SessionRecord, sent: boolean): void {
    prune(record as Inner);
    const entry = kept.get(key) ?? { record, savedRatchet: "", messages: 0 };
    kept.set(key, entry);
    entry.messages += 1;
    const ratchet = ratchetOf(record as Inner);
    if (!journal.durable) return;
    if (!sent && ratchet === entry.savedRatchet && entry.messages < messagesBetweenSaves) return;
    entry.savedRatchet = ratchet;
    entry.messages = 0;
    journal.write([[`session/${key}`, record.serialize()]]);
  }

  function storage(pair: SignalPair, sending: boolean) {
    const keys = keyRing(pair.phone);
    const key = keyOf(pair);
    return {
      ...identityOf(keys),
      loadSession: () => Promise.resolve(kept.get(key)?.record),
      storeSession: (_address: string, record: SessionRecord) => {
        keep(key, record, sending);
        return Promise.resolve();
      },
    };
  }
  const cipher = (pair: SignalPair, sending: boolean): SessionCipher =>
    new SessionCipher(storage(pair, sending), addressOf(pair));

  return {
    decrypt(pair, { type, bytes }) {
      const reader = cipher(pair, false);
      return type === "pkmsg"
        ? reader.decryptPreKeyWhisperMessage(bytes)
        : reader.decryptWhisperMessage(bytes);
    },
    async encrypt(pair, plaintext) {
      const { type, body } = await cipher(pair, true).encrypt(plaintext);
      return { type: type === preKeyMessage ? "pkmsg" : "msg", bytes: Buffer.from(body, "latin1") };
    },
    hasSession: (pair) => kept.get(keyOf(pair))?.record.haveOpenSession() ?? false,
    async begin(pair, companion, oneTime) {
      await new SessionBuilder(storage(pair, true), addressOf(pair)).initOutgoing(
        bundleOf(companion, oneTime),
      );
    },
    forget(companion) {
      const gone = [...kept.keys()].filter((key) => key.endsWith(`/${companion}`));
      for (const key of gone) kept.delete(key);
      journal.write(gone.map((key) => [`session/${key}`]));
    },
  };
}

const keyOf = ({ phone, companion }: SignalPair): string => `${phone}/${companion}`;
/** libsignal serialises work by address for the whole process, so the address names the pair, not the peer alone. */
const addressOf = (pair: SignalPair) => new ProtocolAddress(keyOf(pair).replaceAll(".", "-"), 0);

function identityOf(keys: PhoneKeys) {
  return {
    isTrustedIdentity: () => true,
    // Phones hand out no one-time prekeys.
    loadPreKey: () => Promise.resolve(undefined as { privKey: Buffer; pubKey: Buffer } | undefined),
    removePreKey: () => {},
    loadSignedPreKey: () => keys.signedPreKey,
    getOurRegistrationId: () => keys.registrationId,
    getOurIdentity: () => keys.identity,
  };
}

function bundleOf(companion: Companion, oneTime: PreKey | undefined) {
  const { signedPreKey } = companion;
  const bundle = {
    registrationId: companion.registrationId,
    identityKey: publicKey(companion.identity),
    signedPreKey: {
      keyId: signedPreKey.id,
      publicKey: publicKey(signedPreKey.value),
      signature: Buffer.from(signedPreKey.signature, "base64"),
    },
    ...(oneTime === undefined
      ? {}
      : { preKey: { keyId: oneTime.id, publicKey: publicKey(oneTime.value) } }),
  };
  // libsignal takes a bundle without a one-time key, though its types do not say so.
  return bundle as Parameters<SessionBuilder["initOutgoing"]>[0];
}

const publicKey = (text: string): Buffer =>
  Buffer.concat([Buffer.from([5]), Buffer.from(text, "base64")]);

function ratchetOf(record: Inner): string {
  const ratchet = record.getOpenSession()?.currentRatchet;
  if (ratchet === undefined) return "";
  return `${ratchet.lastRemoteEphemeralKey.toString("base64")}/${ratchet.ephemeralKeyPair.pubKey.toString("base64")}`;
}

/** Clients replace a session whenever their device cache expires; a phone needs the last few only. */
function prune({ sessions }: Inner): void {
  const closed = Object.entries(sessions).filter(([, session]) => session.indexInfo.closed !== -1);
  closed.sort(([, a], [, b]) => b.indexInfo.used - a.indexInfo.used);
  for (const [key] of closed.slice(keptSessions)) delete sessions[key];
}

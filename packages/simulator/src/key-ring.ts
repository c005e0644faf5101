import { createHash } from "node:crypto";
import { Curve, generateSignalPubKey } from "@whiskeysockets/baileys";

/**
 * The Signal keys of the virtual phones. A signature costs milliseconds, so a few sets are made once and a phone takes
 * the one its number falls on: a first message to any of a thousand numbers then needs no key generation here.
 * Phones hand out no one-time prekeys; a session from the signed prekey alone is a normal case for a client.
 */
export interface PhoneKeys {
  /** libsignal's form: 33-byte public keys. */
  readonly identity: { readonly pubKey: Buffer; readonly privKey: Buffer };
  readonly signedPreKey: {
    readonly id: number;
    readonly pubKey: Buffer;
    readonly privKey: Buffer;
    readonly signature: Buffer;
  };
  readonly registrationId: number;
}

export interface StoredPhoneKeys {
  readonly identity: string;
  readonly signedPreKey: string;
  readonly signature: string;
  readonly publicKeys: readonly [identity: string, signedPreKey: string];
}

const sets = 8;
const signedPreKeyId = 1;
const firstRegistrationId = 0x51e0;

export type KeyRing = (number: string) => PhoneKeys;

export function makeStoredKeys(): StoredPhoneKeys[] {
  return Array.from({ length: sets }, () => {
    const identity = Curve.generateKeyPair();
    const signedPreKey = Curve.generateKeyPair();
    const signature = Curve.sign(identity.private, generateSignalPubKey(signedPreKey.public));
    return {
      identity: base64(identity.private),
      signedPreKey: base64(signedPreKey.private),
      signature: base64(signature),
      publicKeys: [base64(identity.public), base64(signedPreKey.public)],
    };
  });
}

export function openKeyRing(stored: readonly StoredPhoneKeys[]): KeyRing {
  const keys = stored.map(restore);
  return (number) => {
    const at = createHash("sha256").update(number).digest().readUInt32BE(0) % keys.length;
    const found = keys[at];
    if (found === undefined) throw new Error("the key ring is empty");
    return found;
  };
}

function restore(stored: StoredPhoneKeys, at: number): PhoneKeys {
  const [identityPublic, preKeyPublic] = stored.publicKeys;
  return {
    identity: { pubKey: prefixed(identityPublic), privKey: Buffer.from(stored.identity, "base64") },
    signedPreKey: {
      id: signedPreKeyId,
      pubKey: prefixed(preKeyPublic),
      privKey: Buffer.from(stored.signedPreKey, "base64"),
      signature: Buffer.from(stored.signature, "base64"),
    },
    registrationId: firstRegistrationId + at,
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const prefixed = (key: string): Buffer =>
  Buffer.from(generateSignalPubKey(Buffer.from(key, "base64")));

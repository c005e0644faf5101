import { createHmac } from "node:crypto";
import { Curve, generateSignalPubKey, proto } from "@whiskeysockets/baileys";
import { verifySignature } from "libsignal/src/curve.js";
import type { PhoneKeys } from "./key-ring.ts";

/**
 * The ADV documents that bind a companion to an account: the phone signs (details + companion identity), the companion
 * countersigns, and peers get both signatures together with the companion's prekey bundle.
 */
const prefixes = {
  account: Buffer.from([6, 0]),
  device: Buffer.from([6, 1]),
  keyIndexList: Buffer.from([6, 2]),
} as const;

const { E2EE } = proto.ADVEncryptionType;

export interface DeviceClaim {
  readonly rawId: number;
  readonly keyIndex: number;
  readonly timestamp: number;
  /** 32 bytes. */
  readonly companionIdentity: Uint8Array;
}

/** ADVSignedDeviceIdentity with the account's signature only. */
export function signDevice(account: PhoneKeys, claim: DeviceClaim): Uint8Array {
  const { rawId, keyIndex, timestamp } = claim;
  const details = proto.ADVDeviceIdentity.encode({
    rawId,
    timestamp,
    keyIndex,
    accountType: E2EE,
    deviceType: E2EE,
  }).finish();
  const accountSignature = Curve.sign(
    account.identity.privKey,
    Buffer.concat([prefixes.account, details, claim.companionIdentity]),
  );
  const accountSignatureKey = rawKey(account.identity.pubKey);
  return proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey,
    accountSignature,
  }).finish();
}

/** What `<pair-success>` carries: the signed identity, authenticated with the secret of the QR or the code exchange. */
export function sealDevice(signed: Uint8Array, advSecret: Uint8Array): Uint8Array {
  const hmac = createHmac("sha256", advSecret).update(signed).digest();
  return proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish();
}

/** The full identity when the companion's countersignature is right, else undefined. */
export function countersign(
  signed: Uint8Array,
  reply: Uint8Array,
  companionIdentity: Uint8Array,
): Uint8Array | undefined {
  const ours = proto.ADVSignedDeviceIdentity.decode(signed);
  const { deviceSignature } = proto.ADVSignedDeviceIdentity.decode(reply);
  const { details, accountSignatureKey, accountSignature } = ours;
  if (!details || !accountSignatureKey || deviceSignature?.length !== 64) return undefined;
  const message = Buffer.concat([prefixes.device, details, companionIdentity, accountSignatureKey]);
  const key = Buffer.from(generateSignalPubKey(companionIdentity));
  if (!verifySignature(key, message, deviceSignature)) return undefined;
  return proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey,
    ...(accountSignature ? { accountSignature } : {}),
    deviceSignature,
  }).finish();
}

export interface KeyIndexClaim {
  readonly rawId: number;
  readonly timestamp: number;
  readonly current: number;
  readonly valid: readonly number[];
}

/** ADVSignedKeyIndexList: which companion key indexes of an account are still valid. */
export function signKeyIndexes(account: PhoneKeys, claim: KeyIndexClaim): Uint8Array {
  const details = proto.ADVKeyIndexList.encode({
    rawId: claim.rawId,
    timestamp: claim.timestamp,
    currentIndex: claim.current,
    validIndexes: [...claim.valid],
    accountType: E2EE,
  }).finish();
  const accountSignature = Curve.sign(
    account.identity.privKey,
    Buffer.concat([prefixes.keyIndexList, details]),
  );
  const accountSignatureKey = rawKey(account.identity.pubKey);
  return proto.ADVSignedKeyIndexList.encode({
    details,
    accountSignature,
    accountSignatureKey,
  }).finish();
}

/** 32 bytes: what goes on the wire. */
export const rawKey = (prefixed: Buffer): Buffer => prefixed.subarray(1);

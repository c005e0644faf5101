import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

/** One encryption key of the installation; the id is written beside every value it sealed. */
export interface CredentialKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** New values are sealed with `current`; values of `older` keys can still be opened until they are written again. */
export interface CredentialKeys {
  readonly current: CredentialKey;
  readonly older: readonly CredentialKey[];
}

export type ParsedCredentialKeys =
  | { readonly kind: "keys"; readonly keys: CredentialKeys }
  | { readonly kind: "refused"; readonly detail: string };

type Opened =
  | { readonly kind: "opened"; readonly value: Buffer; readonly keyId: string }
  | { readonly kind: "unreadable"; readonly reason: "unknown_key" | "wrong_key_or_damaged" };

/** Seals and opens the values of one device. */
export interface Seal {
  readonly keyId: string;
  /** What sealing adds to a value. */
  readonly overheadBytes: number;
  readonly seal: (name: string, value: Uint8Array) => Buffer;
  readonly open: (name: string, sealed: Uint8Array) => Opened;
}

const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const IVS_AT_ONCE = 256;
const TAG_BYTES = 16;
const FORMAT = 1;
const CIPHER = "aes-256-gcm";

/** Reads `id:base64[,id:base64]`: the first key is the current one. */
export function parseCredentialKeys(text: string): ParsedCredentialKeys {
  const keys: CredentialKey[] = [];
  for (const part of text.split(",")) {
    const [id = "", encoded = "", ...rest] = part.trim().split(":");
    const key = Buffer.from(encoded, "base64");
    if (rest.length > 0 || !KEY_ID.test(id))
      return refused("an entry is not of the form id:base64");
    if (key.length !== KEY_BYTES) return refused(`the key ${id} does not have 32 bytes`);
    if (keys.some((other) => other.id === id)) return refused(`the key id ${id} appears twice`);
    keys.push({ id, key });
  }
  const [current, ...older] = keys;
  return current === undefined
    ? refused("there is no key")
    : { kind: "keys", keys: { current, older } };
}

/**
 * AES-256-GCM with a key derived for each device, so that a value can't be moved to another device, and the record's name as
 * associated data, so that it can't be moved to another record.
 *
 * ```
 *  1 B format · 1 B length of the key id · key id · 12 B iv · ciphertext · 16 B tag
 * ```
 */
export function openSeal(deviceId: string, keys: CredentialKeys): Seal {
  const derived = new Map(
    [keys.current, ...keys.older].map((key) => [key.id, deriveKey(key, deviceId)] as const),
  );
  const keyId = Buffer.from(keys.current.id);
  const head = Buffer.concat([Buffer.from([FORMAT, keyId.length]), keyId]);
  const currentKey = deriveKey(keys.current, deviceId);
  return {
    keyId: keys.current.id,
    overheadBytes: head.length + IV_BYTES + TAG_BYTES,
    seal: (name, value) => {
      const iv = nextIv();
      const cipher = createCipheriv(CIPHER, currentKey, iv).setAAD(Buffer.from(name));
      const body = cipher.update(value);
      cipher.final();
      return Buffer.concat([head, iv, body, cipher.getAuthTag()]);
    },
    open: (name, sealed) => {
      const parts = split(sealed);
      const key = parts === undefined ? undefined : derived.get(parts.keyId);
      if (parts === undefined) return { kind: "unreadable", reason: "wrong_key_or_damaged" };
      if (key === undefined) return { kind: "unreadable", reason: "unknown_key" };
      const value = decrypt(key, parts, name);
      return value === undefined
        ? { kind: "unreadable", reason: "wrong_key_or_damaged" }
        : { kind: "opened", value, keyId: parts.keyId };
    },
  };
}

interface Parts {
  readonly keyId: string;
  readonly iv: Uint8Array;
  readonly body: Uint8Array;
  readonly tag: Uint8Array;
}

function split(sealed: Uint8Array): Parts | undefined {
  const ivAt = 2 + (sealed[1] ?? 0);
  const bodyAt = ivAt + IV_BYTES;
  const tagAt = sealed.length - TAG_BYTES;
  if (sealed[0] !== FORMAT || tagAt < bodyAt) return undefined;
  return {
    keyId: Buffer.from(sealed.subarray(2, ivAt)).toString("latin1"),
    iv: sealed.subarray(ivAt, bodyAt),
    body: sealed.subarray(bodyAt, tagAt),
    tag: sealed.subarray(tagAt),
  };
}

function decrypt(key: KeyObject, parts: Parts, name: string): Buffer | undefined {
  const decipher = createDecipheriv(CIPHER, key, parts.iv, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(name))
    .setAuthTag(parts.tag);
  const value = decipher.update(parts.body);
  try {
    decipher.final();
    return value;
  } catch {
    return undefined;
  }
}

/** As an object, since Node takes long to look at bytes that are a key. */
function deriveKey(key: CredentialKey, deviceId: string): KeyObject {
  const info = `pombo device credentials ${deviceId}`;
  const bytes = hkdfSync("sha256", key.key, Buffer.alloc(0), info, KEY_BYTES);
  return createSecretKey(new Uint8Array(bytes));
}

/** Random bytes for many initialisation vectors at once: asking for twelve costs as much as asking for thousands. */
let ivs = Buffer.alloc(0);

function nextIv(): Buffer {
  if (ivs.length === 0) ivs = randomBytes(IVS_AT_ONCE * IV_BYTES);
  const iv = ivs.subarray(0, IV_BYTES);
  ivs = ivs.subarray(IV_BYTES);
  return iv;
}

function refused(detail: string): ParsedCredentialKeys {
  return { kind: "refused", detail };
}

import { proto, type SignalDataTypeMap } from "@whiskeysockets/baileys";
import { Packr } from "msgpackr";
import { recordOfRow, rowOfRecord, type SessionRow } from "./session-layout.ts";

/**
 * How credentials become bytes before they are sealed: msgpack, which keeps Buffer, Uint8Array and undefined apart; for pre-keys
 * (812 of them on every device) nothing but the two keys; for sessions (written by every message) a row without names.
 *
 * Measured, sealed, with names: a device that has just been paired 89 KB (108 B a pre-key, 1.4 KB the creds document), each recipient
 * 645 B, of which its session is 343 B; with our own phone's session that makes the 690 B that a warm message writes. The whole
 * table is in the README.
 */
export type KeyType = keyof SignalDataTypeMap;

const KEY_BYTES = 32;
const SESSION_ROW = Buffer.from([3]);
const packr = new Packr({ useRecords: false, moreTypes: true });

interface Layout {
  readonly encode: (value: unknown) => Buffer;
  readonly decode: (bytes: Buffer) => unknown;
}

const GENERIC: Layout = {
  // The packed bytes are a view into a large reused buffer: keep only our part of it.
  encode: (value) => Buffer.from(packr.pack(value)),
  decode: (bytes) => packr.unpack(bytes),
};

const LAYOUTS: Readonly<Partial<Record<KeyType, Layout>>> = {
  "pre-key": { encode: encodeKeyPair, decode: decodeKeyPair },
  session: { encode: encodeSession, decode: decodeSession },
  // Baileys reads the methods of the protobuf class, which no codec keeps.
  "app-state-sync-key": {
    encode: GENERIC.encode,
    decode: (bytes) =>
      proto.Message.AppStateSyncKeyData.fromObject(
        GENERIC.decode(bytes) as { [k: string]: unknown },
      ),
  },
};

export function encodeCreds(creds: object): Buffer {
  return GENERIC.encode({ ...creds });
}

export function decodeCreds(bytes: Buffer): unknown {
  return GENERIC.decode(bytes);
}

export function encodeKey(type: KeyType, value: unknown): Buffer {
  return (LAYOUTS[type] ?? GENERIC).encode(value);
}

/** A fresh value at every call: Baileys changes what it reads. */
export function decodeKey<T extends KeyType>(type: T, bytes: Buffer): SignalDataTypeMap[T] {
  return (LAYOUTS[type] ?? GENERIC).decode(bytes) as SignalDataTypeMap[T];
}

/** 0x01 · public · private; a pair of unusual size is packed like everything else, and msgpack maps never begin with 0x01. */
function encodeKeyPair(value: unknown): Buffer {
  const pair = value as { public: Uint8Array; private: Uint8Array };
  const usual = pair.public.length === KEY_BYTES && pair.private.length === KEY_BYTES;
  return usual
    ? Buffer.concat([Buffer.from([1]), pair.public, pair.private])
    : GENERIC.encode(value);
}

function decodeKeyPair(bytes: Buffer): unknown {
  if (bytes[0] !== 1 || bytes.length !== 1 + 2 * KEY_BYTES) return GENERIC.decode(bytes);
  return {
    public: Buffer.from(bytes.subarray(1, 1 + KEY_BYTES)),
    private: Buffer.from(bytes.subarray(1 + KEY_BYTES)),
  };
}

/** 0x03 · packed row; anything unusual is packed like everything else, and no packed document begins with 0x03. */
function encodeSession(value: unknown): Buffer {
  const row = rowOfRecord(value);
  return row === undefined ? GENERIC.encode(value) : Buffer.concat([SESSION_ROW, packr.pack(row)]);
}

function decodeSession(bytes: Buffer): unknown {
  return bytes[0] === SESSION_ROW[0] && bytes.length > 1
    ? recordOfRow(GENERIC.decode(bytes.subarray(1)) as SessionRow)
    : GENERIC.decode(bytes);
}

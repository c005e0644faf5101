import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type CipherKey,
} from "node:crypto";
import { Curve, proto } from "@whiskeysockets/baileys";
import { waHeader } from "./frame.ts";

/**
 * The responder's side of Noise_XX_25519_AESGCM_SHA256:
 *
 *   -> e                     clientHello
 *   <- e, ee, s, es, payload serverHello (payload: the certificate chain)
 *   -> s, se, payload        clientFinish (payload: ClientPayload)
 *
 * Afterwards each direction has its own key and counter, without associated data.
 */
export interface KeyPair {
  readonly private: Uint8Array;
  /** 32 bytes, without the prefix byte 0x05. */
  readonly public: Uint8Array;
}

export interface NoiseTrust {
  readonly static: KeyPair;
  /** An encoded CertChain whose leaf certifies `static`. */
  readonly chain: Uint8Array;
}

export interface NoiseTransport {
  encrypt(plaintext: Uint8Array): Buffer;
  decrypt(ciphertext: Uint8Array): Buffer;
}

export interface NoiseAnswer {
  /** Takes the clientHello frame, returns the serverHello frame. */
  hello(frame: Uint8Array): Uint8Array;
  /** Takes the clientFinish frame. Throws when it does not decrypt. */
  finish(frame: Uint8Array): { clientStatic: Buffer; payload: Buffer; transport: NoiseTransport };
}

const mode = Buffer.from("Noise_XX_25519_AESGCM_SHA256\0\0\0\0", "latin1");
const none = Buffer.alloc(0);
const tagBytes = 16;

export function answerNoise(trust: NoiseTrust): NoiseAnswer {
  const state = openSymmetricState();
  const ephemeral = Curve.generateKeyPair();
  state.mixHash(waHeader);

  return {
    hello(frame) {
      const clientEphemeral = key(proto.HandshakeMessage.decode(frame).clientHello?.ephemeral);
      state.mixHash(clientEphemeral);
      state.mixHash(ephemeral.public);
      state.mixKey(Curve.sharedKey(ephemeral.private, clientEphemeral));
      const encryptedStatic = state.encrypt(trust.static.public);
      state.mixKey(Curve.sharedKey(Buffer.from(trust.static.private), clientEphemeral));
      const payload = state.encrypt(trust.chain);
      const serverHello = { ephemeral: ephemeral.public, static: encryptedStatic, payload };
      return proto.HandshakeMessage.encode({ serverHello }).finish();
    },
    finish(frame) {
      const { clientFinish } = proto.HandshakeMessage.decode(frame);
      const clientStatic = state.decrypt(clientFinish?.static ?? none);
      state.mixKey(Curve.sharedKey(ephemeral.private, key(clientStatic)));
      const payload = state.decrypt(clientFinish?.payload ?? none);
      return { clientStatic, payload, transport: openTransport(state.split()) };
    },
  };
}

function key(bytes: Uint8Array | null | undefined): Buffer {
  if (bytes?.length !== 32) throw new Error("a Noise key has 32 bytes");
  return Buffer.from(bytes);
}

function openSymmetricState() {
  let hash: Buffer = Buffer.from(mode);
  let salt: Buffer = Buffer.from(mode);
  let cipherKey: Buffer = Buffer.from(mode);
  let counter = 0;

  function mixHash(data: Uint8Array): void {
    hash = createHash("sha256").update(hash).update(data).digest();
  }
  function derive(material: Uint8Array): [Buffer, Buffer] {
    const derived = Buffer.from(hkdfSync("sha256", material, salt, none, 64));
    return [derived.subarray(0, 32), derived.subarray(32)];
  }
  return {
    mixHash,
    mixKey(material: Uint8Array): void {
      [salt, cipherKey] = derive(material);
      counter = 0;
    },
    encrypt(plaintext: Uint8Array): Buffer {
      const ciphertext = seal(cipherKey, counter++, { text: plaintext, aad: hash });
      mixHash(ciphertext);
      return ciphertext;
    },
    decrypt(ciphertext: Uint8Array): Buffer {
      const plaintext = unseal(cipherKey, counter++, { text: ciphertext, aad: hash });
      mixHash(ciphertext);
      return plaintext;
    },
    split: () => derive(none),
  };
}

function openTransport([read, write]: [Buffer, Buffer]): NoiseTransport {
  // As key objects: with raw bytes Node 24 spends five times as long on each frame.
  const [readKey, writeKey] = [createSecretKey(read), createSecretKey(write)];
  let reads = 0;
  let writes = 0;
  return {
    encrypt: (plaintext) => seal(writeKey, writes++, { text: plaintext, aad: none }),
    decrypt: (ciphertext) => unseal(readKey, reads++, { text: ciphertext, aad: none }),
  };
}

interface Sealed {
  readonly text: Uint8Array;
  readonly aad: Uint8Array;
}

function iv(counter: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(counter, 8);
  return bytes;
}

function seal(cipherKey: CipherKey, counter: number, { text, aad }: Sealed): Buffer {
  const cipher = createCipheriv("aes-256-gcm", cipherKey, iv(counter)).setAAD(aad);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function unseal(cipherKey: CipherKey, counter: number, { text, aad }: Sealed): Buffer {
  if (text.length < tagBytes) throw new Error("ciphertext shorter than its tag");
  const end = text.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", cipherKey, iv(counter)).setAAD(aad);
  decipher.setAuthTag(text.subarray(end));
  return Buffer.concat([decipher.update(text.subarray(0, end)), decipher.final()]);
}

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  randomInt,
} from "node:crypto";
import { Curve, generateSignalPubKey, proto } from "@whiskeysockets/baileys";
import { verifySignature } from "./quiet-signal.ts";

/**
 * Sender keys: in a group each device encrypts once, with a chain of its own that it hands to the others by pairwise messages.
 *
 *   distribution  0x33 ‖ {id, iteration, chain key, signing key}
 *   message       0x33 ‖ {id, iteration, ciphertext} ‖ signature (64 bytes)
 */
const version = 0x33;
const signatureBytes = 64;
const mostSteps = 25_000;
const mostSkipped = 2_000;

/** Binary values are base64. */
export interface SenderChain {
  readonly id: number;
  readonly iteration: number;
  readonly chainKey: string;
  readonly signingKey: string;
}

export function readDistribution(bytes: Uint8Array): SenderChain {
  if (bytes[0] !== version) throw new Error("unknown version of a sender key");
  const read = proto.SenderKeyDistributionMessage.decode(bytes.subarray(1));
  if (read.chainKey?.length !== 32 || !read.signingKey) throw new Error("incomplete sender key");
  return {
    id: read.id ?? 0,
    iteration: read.iteration ?? 0,
    chainKey: Buffer.from(read.chainKey).toString("base64"),
    signingKey: Buffer.from(read.signingKey).toString("base64"),
  };
}

export interface SenderKeyReader {
  readonly id: number;
  /** Returns the padded plaintext. Throws when the message is not of this chain, was read before, or is forged. */
  decrypt(message: Buffer): Buffer;
  chain(): SenderChain;
}

export function openSenderKeyReader(start: SenderChain): SenderKeyReader {
  let { iteration } = start;
  let chainKey: Buffer = Buffer.from(start.chainKey, "base64");
  const signingKey = Buffer.from(start.signingKey, "base64");
  const skipped = new Map<number, Buffer>();

  function seedOf(wanted: number): Buffer {
    const kept = skipped.get(wanted);
    skipped.delete(wanted);
    if (kept !== undefined) return kept;
    if (wanted < iteration || wanted - iteration > mostSteps) throw new Error("key used already");
    for (; iteration < wanted; iteration++) {
      skipped.set(iteration, step(chainKey, 1));
      chainKey = step(chainKey, 2);
    }
    for (const oldest of skipped.keys()) {
      if (skipped.size <= mostSkipped) break;
      skipped.delete(oldest);
    }
    const seed = step(chainKey, 1);
    chainKey = step(chainKey, 2);
    iteration += 1;
    return seed;
  }
  return {
    id: start.id,
    decrypt(message) {
      const { id, iteration: at = 0, ciphertext } = readMessage(message);
      if (id !== start.id || !ciphertext) throw new Error("not of this chain");
      if (!isSigned(message, signingKey)) throw new Error("forged");
      const { key, iv } = messageKey(seedOf(at ?? 0));
      const decipher = createDecipheriv("aes-256-cbc", key, iv);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    },
    chain: () => ({ ...start, iteration, chainKey: chainKey.toString("base64") }),
  };
}

/** The chain that a message says it is of. */
export const chainIdOf = (message: Buffer): number => readMessage(message).id ?? 0;

function readMessage(message: Buffer): proto.ISenderKeyMessage {
  if (message[0] !== version || message.length <= signatureBytes)
    throw new Error("no sender key message");
  return proto.SenderKeyMessage.decode(message.subarray(1, -signatureBytes));
}

/** Checking a signature costs milliseconds and every phone of a group gets the same message. */
const signed = new WeakMap<Buffer, { readonly by: string; readonly ok: boolean }>();

function isSigned(message: Buffer, signingKey: Buffer): boolean {
  const by = signingKey.toString("base64");
  const known = signed.get(message);
  if (known?.by === by) return known.ok;
  const ok = verifySignature(
    signingKey,
    message.subarray(0, -signatureBytes),
    message.subarray(-signatureBytes),
  );
  signed.set(message, { by, ok });
  return ok;
}

export interface SenderKeyWriter {
  /** What another device needs to read all that is written from here on. */
  distribution(): Buffer;
  encrypt(padded: Buffer): Buffer;
}

export function makeSenderKeyWriter(): SenderKeyWriter {
  const id = randomInt(1, 2 ** 31);
  const pair = Curve.generateKeyPair();
  const signingKey = Buffer.from(generateSignalPubKey(pair.public));
  let chainKey: Buffer = randomBytes(32);
  let iteration = 0;
  return {
    distribution: () =>
      framed(
        proto.SenderKeyDistributionMessage.encode({ id, iteration, chainKey, signingKey }).finish(),
      ),
    encrypt(padded) {
      const { key, iv } = messageKey(step(chainKey, 1));
      const cipher = createCipheriv("aes-256-cbc", key, iv);
      const ciphertext = Buffer.concat([cipher.update(padded), cipher.final()]);
      const body = framed(proto.SenderKeyMessage.encode({ id, iteration, ciphertext }).finish());
      chainKey = step(chainKey, 2);
      iteration += 1;
      return Buffer.concat([body, Curve.sign(pair.private, body)]);
    },
  };
}

const step = (chainKey: Buffer, which: 1 | 2): Buffer =>
  createHmac("sha256", chainKey)
    .update(Buffer.from([which]))
    .digest();

function messageKey(seed: Buffer): { key: Buffer; iv: Buffer } {
  const bytes = Buffer.from(hkdfSync("sha256", seed, Buffer.alloc(32), "WhisperGroup", 48));
  return { iv: bytes.subarray(0, 16), key: bytes.subarray(16) };
}

const framed = (message: Uint8Array): Buffer => Buffer.concat([Buffer.from([version]), message]);

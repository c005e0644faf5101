import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

/**
 * Media at rest: AES-256-CBC with a key of its own, then the first ten bytes of an HMAC over iv and ciphertext. Everything
 * works in chunks, so that a large video never sits in memory.
 */
export type MediaKind = "image" | "video" | "audio" | "document" | "sticker" | "history";

const keyInfos = {
  image: "WhatsApp Image Keys",
  video: "WhatsApp Video Keys",
  audio: "WhatsApp Audio Keys",
  document: "WhatsApp Document Keys",
  sticker: "WhatsApp Image Keys",
  history: "WhatsApp History Keys",
} as const satisfies Record<MediaKind, string>;

export const macBytes = 10;

interface MediaKeys {
  readonly iv: Buffer;
  readonly cipherKey: Buffer;
  readonly macKey: Buffer;
}

export function mediaKeysOf(mediaKey: Uint8Array, kind: MediaKind): MediaKeys {
  const bytes = Buffer.from(hkdfSync("sha256", mediaKey, Buffer.alloc(0), keyInfos[kind], 112));
  return {
    iv: bytes.subarray(0, 16),
    cipherKey: bytes.subarray(16, 48),
    macKey: bytes.subarray(48, 80),
  };
}

/** What a message says of its media: enough to find, check and decrypt it. Binary values are base64. */
export interface MediaSeal {
  readonly media_key: string;
  readonly file_sha256: string;
  readonly file_enc_sha256: string;
  readonly size: number;
}

type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>;

/** The encrypted bytes of a plaintext; `seal` is complete once they are all read. */
export function sealMedia(kind: MediaKind): {
  encrypt(plaintext: Chunks): AsyncIterable<Buffer>;
  seal(): MediaSeal;
} {
  const mediaKey = randomBytes(32);
  const { iv, cipherKey, macKey } = mediaKeysOf(mediaKey, kind);
  const plainHash = createHash("sha256");
  const sealedHash = createHash("sha256");
  let size = 0;
  async function* encrypt(plaintext: Chunks): AsyncIterable<Buffer> {
    const cipher = createCipheriv("aes-256-cbc", cipherKey, iv);
    const mac = createHmac("sha256", macKey).update(iv);
    const sealed = (bytes: Buffer): Buffer => {
      mac.update(bytes);
      sealedHash.update(bytes);
      return bytes;
    };
    for await (const chunk of plaintext) {
      size += chunk.length;
      plainHash.update(chunk);
      yield sealed(cipher.update(chunk));
    }
    yield sealed(cipher.final());
    const tail = mac.digest().subarray(0, macBytes);
    sealedHash.update(tail);
    yield tail;
  }
  return {
    encrypt,
    seal: () => ({
      media_key: mediaKey.toString("base64"),
      file_sha256: plainHash.digest("base64"),
      file_enc_sha256: sealedHash.digest("base64"),
      size,
    }),
  };
}

/** Decrypts ciphertext (without its MAC) chunk by chunk. */
export async function* openMedia(
  ciphertext: AsyncIterable<Buffer>,
  { iv, cipherKey }: MediaKeys,
): AsyncIterable<Buffer> {
  const decipher = createDecipheriv("aes-256-cbc", cipherKey, iv);
  for await (const chunk of ciphertext) yield decipher.update(chunk);
  yield decipher.final();
}

/** What is wrong with the bytes, as a recipient would find out; undefined: nothing. */
export async function flawOf(
  source: { ciphertext: () => AsyncIterable<Buffer>; mac: Buffer },
  keys: MediaKeys,
  seal: MediaSeal,
): Promise<string | undefined> {
  const mac = createHmac("sha256", keys.macKey).update(keys.iv);
  const hash = createHash("sha256");
  let size = 0;
  async function* watched(): AsyncIterable<Buffer> {
    for await (const chunk of source.ciphertext()) {
      mac.update(chunk);
      yield chunk;
    }
  }
  try {
    for await (const chunk of openMedia(watched(), keys)) {
      hash.update(chunk);
      size += chunk.length;
    }
  } catch {
    return "it cannot be decrypted";
  }
  if (!timingSafeEqual(mac.digest().subarray(0, macBytes), source.mac)) return "its MAC is wrong";
  if (size !== seal.size) return `it has ${size} bytes, the message says ${seal.size}`;
  if (hash.digest("base64") !== seal.file_sha256) return "its hash is not the one in the message";
  return undefined;
}

import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { refusal, undecodable, UploadStop } from "./upload-stop.ts";

export interface ByteLimits {
  /** largest upload, before and after decompression */
  readonly bytes: number;
  /** how many times larger than itself gzip may become */
  readonly gzipRatio: number;
}

export interface ByteSource {
  readonly source: AsyncIterable<Uint8Array>;
  /** `identity` when absent */
  readonly contentEncoding?: string | undefined;
  /** What the sender says it will send, before decompression. */
  readonly claimedBytes?: number | undefined;
}

/** Small files may well be made of one letter. */
const RATIO_COUNTS_FROM = 8_388_608;
const GZIP = ["gzip", "x-gzip"];
const OUTPUT_PIECE = 65_536;

/**
 * The bytes of an upload, decompressed, as they are pulled. The source is never destroyed: whoever owns it may have an answer to give.
 * @throws UploadStop
 */
export function readBytes(from: ByteSource, limits: ByteLimits): AsyncGenerator<Buffer> {
  const encoding = (from.contentEncoding ?? "").trim().toLowerCase();
  if (from.claimedBytes !== undefined && from.claimedBytes > limits.bytes) throw tooLarge(limits);
  if (GZIP.includes(encoding)) return gunzipped(counted(from, limits), limits);
  if (encoding === "" || encoding === "identity") return counted(from, limits);
  const detail = "The content encoding of an upload must be gzip or none";
  throw refusal({ code: "UNSUPPORTED_MEDIA_TYPE", detail });
}

async function* counted(
  { source, claimedBytes }: ByteSource,
  limits: ByteLimits,
): AsyncGenerator<Buffer> {
  const pieces = piecesOf(source);
  let size = 0;
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- piece after piece
      const next = await pieces.next().catch(brokeOff);
      if (next.done === true) break;
      const { value } = next;
      size += value.byteLength;
      if (size > limits.bytes) throw tooLarge(limits);
      yield Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
  } finally {
    await pieces.return?.();
  }
  if (claimedBytes !== undefined && size < claimedBytes)
    brokeOff(new Error(`ended after ${size} of ${claimedBytes} bytes`));
}

function piecesOf(source: AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
  return source instanceof Readable
    ? (source.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>)
    : source[Symbol.asyncIterator]();
}

async function* gunzipped(
  packed: AsyncGenerator<Buffer>,
  limits: ByteLimits,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: OUTPUT_PIECE });
  // What goes wrong comes out of the iteration below.
  pipeline(
    Readable.from(packed, { objectMode: false, highWaterMark: OUTPUT_PIECE }),
    gunzip,
    () => {},
  );
  let size = 0;
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limits.bytes) throw tooLarge(limits);
      if (size > RATIO_COUNTS_FROM && size > gunzip.bytesWritten * limits.gzipRatio)
        throw refusal({
          code: "PAYLOAD_TOO_LARGE",
          detail: `The upload expands more than ${limits.gzipRatio} times`,
        });
      yield piece;
    }
  } catch (error) {
    ofGunzip(error);
  }
}

function ofGunzip(error: unknown): never {
  if (error instanceof UploadStop) throw error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // The end of the stream is missing, while all that came is right.
  if (code === "Z_BUF_ERROR") brokeOff(error);
  if (typeof code === "string" && code.startsWith("Z_"))
    throw undecodable("The upload could not be decompressed");
  brokeOff(error);
}

function brokeOff(cause: unknown): never {
  throw new UploadStop({ kind: "broken", cause });
}

function tooLarge({ bytes }: ByteLimits): UploadStop {
  return refusal({
    code: "PAYLOAD_TOO_LARGE",
    detail: `The upload is larger than ${bytes} bytes`,
  });
}

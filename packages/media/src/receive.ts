import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileTypeFromFile } from "file-type";
import { checkType, type MediaId, type MediaKind } from "@pombo/domain";
import type { Looks } from "./inspect.ts";
import type { MediaRoom } from "./media-room.ts";
import { MediaStoreError } from "./media-store.ts";

/** What is known of bytes that are kept. */
export interface MediaFacts extends Looks {
  /** Under which name the store has them. */
  readonly object: string;
  readonly bytes: number;
  /** hex */
  readonly sha256: string;
  readonly mimeType: string;
}

export interface Incoming {
  readonly id: MediaId;
  readonly body: NodeJS.ReadableStream | AsyncIterable<Uint8Array>;
  readonly limitBytes: number;
  /** Of what it must be; absent: anything. */
  readonly kind?: MediaKind;
  /** What those who had it call it; the bytes must agree with each, and the last one counts. */
  readonly declaredTypes: readonly string[];
  readonly signal?: AbortSignal;
}

/** `too-large` and `refused` are the fault of the bytes; what the stream fails with is thrown. */
export type Received =
  | { readonly kind: "received"; readonly facts: MediaFacts }
  | { readonly kind: "too-large"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Streams bytes to the disk, looks at them there, and keeps them: memory does not grow with their size. */
export async function receive(incoming: Incoming, room: MediaRoom): Promise<Received> {
  const path = join(room.store.spool, randomBytes(12).toString("hex"));
  try {
    const meter = openMeter(incoming.limitBytes);
    const file = createWriteStream(path, { flags: "wx", mode: 0o600, flush: true });
    const options = incoming.signal === undefined ? {} : { signal: incoming.signal };
    await pipeline(incoming.body, meter.stream, file, options);
    return await examine(incoming, { path, ...meter.read() }, room);
  } catch (error) {
    if (isFull(error)) throw new MediaStoreError("the disk is full", { cause: error });
    if (!(error instanceof TooLargeError)) throw error;
    return { kind: "too-large", reason: tooLarge(incoming.limitBytes) };
  } finally {
    await rm(path, { force: true });
  }
}

/** Said before the first byte, when a length is declared. */
export function tooLarge(limitBytes: number): string {
  return `it is larger than ${limitBytes} bytes`;
}

async function examine(
  { id, kind, declaredTypes }: Incoming,
  file: { readonly path: string; readonly bytes: number; readonly sha256: string },
  { store, inspector }: MediaRoom,
): Promise<Received> {
  if (file.bytes === 0) return { kind: "refused", reason: "it is empty" };
  const detected = (await fileTypeFromFile(file.path))?.mime;
  const bytes = {
    ...(kind === undefined ? {} : { kind }),
    ...(detected === undefined ? {} : { detected }),
  };
  const checks = declaredTypes.map((declared) => checkType({ ...bytes, declared }));
  const checked =
    checks.find((check) => check.kind === "refused") ?? checks.at(-1) ?? checkType(bytes);
  if (checked.kind === "refused") return checked;
  const looks = await inspector.look(file.path, detected ?? "");
  const object = `${id}-${randomBytes(6).toString("hex")}`;
  await store.keep(object, file);
  const { bytes: size, sha256 } = file;
  const { mimeType } = checked;
  return { kind: "received", facts: { object, bytes: size, sha256, mimeType, ...looks } };
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

/** Counts and digests what passes; more than the limit ends the stream. */
function openMeter(limitBytes: number) {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limitBytes) return done(new TooLargeError("more bytes than allowed"));
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { stream, read: () => ({ bytes, sha256: hash.digest("hex") }) };
}

import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { parseJson, type Problem } from "@pombo/contract";

export type ReadBody =
  | { readonly kind: "body"; readonly value: object }
  | { readonly kind: "refused"; readonly problem: Problem }
  /** The client has left before the end of its body. */
  | { readonly kind: "gone" };

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?;?$/i;

/**
 * Reads the JSON object that a request carries: type and encoding (415), size after decompression (413), then UTF-8 and JSON (400).
 * A body that is refused half-way is read on and thrown away, so that the client, which may still be writing, gets its answer
 * and the connection stays usable. How long that may last is bounded by the server's request timeout.
 */
export async function readBody(req: IncomingMessage, limitBytes: number): Promise<ReadBody> {
  const unsupported = refuseType(req);
  if (unsupported !== undefined) return refused(unsupported);
  if (Number(req.headers["content-length"] ?? 0) > limitBytes) return refused(tooLarge(limitBytes));
  const decoder = DECODERS[encodingOf(req)]?.();
  // Nearly always all of it is here by now: then no listener is needed.
  if (decoder === undefined && req.complete && !req.destroyed) return whole(req, limitBytes);
  const collected = await collect(req, decoder, limitBytes);
  switch (collected.kind) {
    case "gone":
      return { kind: "gone" };
    case "too-large":
      return refused(tooLarge(limitBytes));
    case "undecodable":
      return refused({
        code: "INVALID_JSON",
        detail: "The request body could not be decompressed",
      });
    case "bytes":
      return decode(collected.bytes);
  }
}

function whole(req: IncomingMessage, limitBytes: number): ReadBody {
  const bytes = (req.read() as Buffer | null) ?? Buffer.alloc(0);
  return bytes.length > limitBytes ? refused(tooLarge(limitBytes)) : decode(bytes);
}

function refused(problem: Problem): ReadBody {
  return { kind: "refused", problem };
}

function tooLarge(limitBytes: number): Problem {
  return {
    code: "PAYLOAD_TOO_LARGE",
    detail: `The request body is larger than ${limitBytes} bytes`,
  };
}

function refuseType(req: IncomingMessage): Problem | undefined {
  const type = req.headers["content-type"];
  const code = "UNSUPPORTED_MEDIA_TYPE";
  if (type === undefined ? hasContent(req) : !JSON_TYPE.test(type.trim()))
    return { code, detail: "The content type must be application/json in UTF-8" };
  const encoding = encodingOf(req);
  if (encoding !== "identity" && !Object.hasOwn(DECODERS, encoding))
    return { code, detail: "The content encoding must be gzip, deflate, br or none" };
  return undefined;
}

/** True when a request brings a body. */
export function hasContent({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function encodingOf(req: IncomingMessage): string {
  const encoding = (req.headers["content-encoding"] ?? "").trim().toLowerCase();
  return encoding === "" ? "identity" : encoding;
}

type Collected =
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "too-large" | "undecodable" | "gone" };

function collect(
  req: IncomingMessage,
  decoder: Transform | undefined,
  limitBytes: number,
): Promise<Collected> {
  const source = decoder === undefined ? req : req.pipe(decoder);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (collected: Collected): void => {
      source.off("data", take);
      if (decoder !== undefined) req.unpipe(decoder);
      decoder?.destroy();
      req.resume();
      resolve(collected);
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limitBytes) end({ kind: "too-large" });
      else chunks.push(chunk);
    };
    source.on("data", take);
    source.once("end", () => end({ kind: "bytes", bytes: Buffer.concat(chunks) }));
    decoder?.on("error", () => end({ kind: "undecodable" }));
    req.on("error", () => end({ kind: "gone" }));
    req.once("close", () => {
      if (!req.complete) end({ kind: "gone" });
    });
  });
}

/** One for all: each would be a native object that the garbage collector has to watch. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Buffer): ReadBody {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return refused({ code: "INVALID_JSON", detail: "The request body is not valid UTF-8" });
  }
  const parsed = parseJson(text);
  if (parsed.kind === "undecodable")
    return refused({
      code: "INVALID_JSON",
      ...(parsed.detail === undefined ? {} : { detail: parsed.detail }),
    });
  const { value } = parsed;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? { kind: "body", value }
    : refused({ code: "INVALID_REQUEST_FORMAT" });
}

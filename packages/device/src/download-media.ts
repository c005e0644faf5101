import { createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { get, type Agent } from "node:https";
import { pipeline, type Readable, Transform, type TransformCallback } from "node:stream";
import { type Failure, MEDIA_KINDS, type MediaKind } from "@pombo/domain";
import { proto, type WASocket } from "@whiskeysockets/baileys";
import { classifyRejection } from "./classify.ts";

/** `bytes` fails when they are not what the message promised. */
export type Downloaded =
  | { readonly kind: "opened"; readonly bytes: Readable }
  | { readonly kind: "failed"; readonly failure: Failure };

/** What opens the file of a message that came in. */
interface Sealed {
  readonly kind: MediaKind;
  readonly path: string;
  readonly key: Uint8Array;
}

/**
 * Opens the file of a message that came in. It is fetched from WhatsApp's own hosts, whatever address the message names: its sender
 * could have written any. (Baileys looks on one fixed host, and checks no seal.)
 */
export async function downloadMedia(
  wa: WASocket,
  source: string,
  how: { readonly agent: Agent | undefined; readonly signal: AbortSignal },
): Promise<Downloaded> {
  const sealed = readSource(source);
  if (sealed === undefined) return refused("its message has no file");
  try {
    const { hosts } = await wa.refreshMediaConn();
    for (const { hostname } of hosts) {
      // oxlint-disable-next-line no-await-in-loop -- the next host when this one fails
      const response = await ask(`https://${hostname}${sealed.path}`, how).catch(() => undefined);
      if (response?.statusCode === 200)
        return { kind: "opened", bytes: pipeline(response, unseal(sealed), ignore) };
      response?.destroy();
      if (GONE.has(response?.statusCode))
        return refused("WhatsApp does not keep the file any longer");
    }
    return failed({ code: "UPSTREAM_FAILED", detail: "no host of WhatsApp gave the file" });
  } catch (error) {
    return failed(classifyRejection(error));
  }
}

/** Whoever reads the file is told by the stream itself. */
function ignore(): void {}

const GONE: ReadonlySet<number | undefined> = new Set([403, 404, 410]);

function failed(failure: Failure): Downloaded {
  return { kind: "failed", failure };
}

function refused(detail: string): Downloaded {
  return failed({ code: "MEDIA_UNACCEPTABLE", detail });
}

function readSource(source: string): Sealed | undefined {
  const message = proto.Message.decode(Buffer.from(source, "base64"));
  for (const kind of MEDIA_KINDS) {
    const file = message[`${kind}Message`];
    const path = file?.directPath;
    if (file?.mediaKey && path && /^\/[\w./?&=%~-]+$/.test(path))
      return { kind, path, key: file.mediaKey };
  }
  return undefined;
}

function ask(
  url: string,
  { agent, signal }: { readonly agent: Agent | undefined; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const headers = { Origin: "https://web.whatsapp.com" };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = get(url, { headers, signal, ...(agent === undefined ? {} : { agent }) }, resolve);
  request.on("error", reject);
  return promise;
}

const LABELS: Readonly<Record<MediaKind, string>> = {
  image: "Image",
  sticker: "Image",
  video: "Video",
  audio: "Audio",
  document: "Document",
};
const MAC_BYTES = 10;

/** AES-256-CBC, then ten bytes of an HMAC over the initial vector and the ciphertext; all keys from the message's media key. */
function unseal({ kind, key }: Sealed): Transform {
  const keys = Buffer.from(hkdfSync("sha256", key, "", `WhatsApp ${LABELS[kind]} Keys`, 112));
  const iv = keys.subarray(0, 16);
  const decipher = createDecipheriv("aes-256-cbc", keys.subarray(16, 48), iv);
  const mac = createHmac("sha256", keys.subarray(48, 80)).update(iv);
  let held: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const all = Buffer.concat([held, chunk]);
      const ready = all.subarray(0, Math.max(0, all.length - MAC_BYTES));
      held = all.subarray(ready.length);
      mac.update(ready);
      done(null, decipher.update(ready));
    },
    flush(done: TransformCallback) {
      const right = mac.digest().subarray(0, MAC_BYTES);
      if (held.length !== MAC_BYTES || !timingSafeEqual(held, right))
        return done(new BrokenSealError("the file is not what its message promised"));
      done(null, decipher.final());
    },
  });
}

class BrokenSealError extends Error {
  override readonly name = "BrokenSealError";
}

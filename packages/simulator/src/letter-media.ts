import { createHash } from "node:crypto";
import { BadRequest } from "./bad-request.ts";
import type { LetterMedia } from "./letter.ts";
import { sealMedia, type MediaKind, type MediaSeal } from "./media-crypto.ts";
import { directPathOf, mediaUrlOf } from "./media-host.ts";
import type { Realm } from "./realm.ts";

/** What every kind of media message says of its media. */
export interface UploadedMedia {
  readonly url: string;
  readonly directPath: string;
  readonly mediaKey: Buffer;
  readonly fileSha256: Buffer;
  readonly fileEncSha256: Buffer;
  readonly fileLength: number;
  readonly mediaKeyTimestamp: number;
}

/** The phone encrypts the media and puts it on the media host. */
export async function uploadFromPhone(
  realm: Realm,
  kind: MediaKind,
  media: LetterMedia,
): Promise<UploadedMedia> {
  const sealing = sealMedia(kind);
  const stored = await realm.media.keep(sealing.encrypt(bytesOf(media)));
  return uploaded(realm, stored.token, sealing.seal());
}

function uploaded(realm: Realm, token: string, seal: MediaSeal): UploadedMedia {
  return {
    url: mediaUrlOf(realm.mediaHost.current ?? "", token),
    directPath: directPathOf(token),
    mediaKey: Buffer.from(seal.media_key, "base64"),
    fileSha256: Buffer.from(seal.file_sha256, "base64"),
    fileEncSha256: Buffer.from(seal.file_enc_sha256, "base64"),
    fileLength: seal.size,
    mediaKeyTimestamp: Math.floor(Date.now() / 1_000),
  };
}

function bytesOf({ base64, size }: LetterMedia): Iterable<Buffer> {
  if (base64 === undefined) return madeUp(size ?? 0);
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length === 0) throw new BadRequest("the media is no base64");
  return [bytes];
}

const blockBytes = 64 * 1024;

/** So many bytes that look like nothing, the same every time, a block at a time. */
function* madeUp(size: number): Iterable<Buffer> {
  const seed = createHash("sha256").update(String(size)).digest();
  const block = Buffer.alloc(blockBytes, seed);
  for (let at = 0; at < size; at += blockBytes) {
    const part = Buffer.from(block.subarray(0, Math.min(blockBytes, size - at)));
    if (part.length >= 4) part.writeUInt32BE(at / blockBytes, 0);
    yield part;
  }
}

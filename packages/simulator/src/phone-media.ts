import type { proto } from "@whiskeysockets/baileys";
import { flawOf, mediaKeysOf, openMedia, type MediaKind, type MediaSeal } from "./media-crypto.ts";
import { tokenIn } from "./media-host.ts";
import { BadRequest } from "./bad-request.ts";
import type { PhoneMedia, PhoneMessage } from "./phone-message.ts";
import type { Realm } from "./realm.ts";

type AnyMedia =
  | proto.Message.IImageMessage
  | proto.Message.IVideoMessage
  | proto.Message.IAudioMessage
  | proto.Message.IDocumentMessage
  | proto.Message.IStickerMessage;

/** What a message says of its media. */
export function mediaOf(kind: MediaKind, found: AnyMedia): PhoneMedia {
  return {
    kind,
    mime_type: found.mimetype ?? "application/octet-stream",
    url: found.url ?? "",
    direct_path: found.directPath ?? "",
    ...sealOf(found),
    ...extrasOf(found),
    ...thumbnailOf(found),
  };
}

const sealOf = (found: AnyMedia): MediaSeal => ({
  media_key: base64(found.mediaKey),
  file_sha256: base64(found.fileSha256),
  file_enc_sha256: base64(found.fileEncSha256),
  size: Number(found.fileLength ?? 0),
});

function extrasOf(found: AnyMedia): Partial<PhoneMedia> {
  return {
    ...("fileName" in found && found.fileName && { file_name: found.fileName }),
    ...("ptt" in found && found.ptt && { ptt: true }),
    ...("seconds" in found && found.seconds && { seconds: found.seconds }),
    ...("width" in found && found.width && { width: found.width }),
    ...("height" in found && found.height && { height: found.height }),
  };
}

function thumbnailOf(found: AnyMedia): { thumbnail_bytes?: number } {
  const bytes = "jpegThumbnail" in found ? (found.jpegThumbnail?.length ?? 0) : 0;
  return bytes === 0 ? {} : { thumbnail_bytes: bytes };
}

const base64 = (bytes: Uint8Array | null | undefined): string =>
  Buffer.from(bytes ?? []).toString("base64");

export interface OpenedMedia {
  readonly mimeType: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Buffer>;
}

/** Fetches, checks and decrypts what a message is about, as the phone that shows it would. */
export async function openPhoneMedia(realm: Realm, { media }: PhoneMessage): Promise<OpenedMedia> {
  if (media === undefined) throw new BadRequest("this message has no media", 404);
  const stored = realm.media.find(tokenIn(media.direct_path || media.url) ?? "");
  if (stored === undefined) throw new BadRequest("the media host does not have it", 410);
  if (Buffer.from(media.file_enc_sha256, "base64").toString("base64url") !== stored.token)
    throw new BadRequest("the media host has other bytes than the message says", 422);
  const keys = mediaKeysOf(Buffer.from(media.media_key, "base64"), media.kind);
  const source = { ciphertext: () => stored.ciphertext(), mac: await stored.mac() };
  const flaw = await flawOf(source, keys, media);
  if (flaw !== undefined) throw new BadRequest(`a phone could not show it: ${flaw}`, 422);
  return {
    mimeType: media.mime_type,
    size: media.size,
    bytes: openMedia(stored.ciphertext(), keys),
  };
}

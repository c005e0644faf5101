import type { MediaContent, MediaKind } from "@pombo/domain";
import type { proto } from "@whiskeysockets/baileys";
import type { UploadedFile } from "./upload-media.ts";

/** What a recipient needs to fetch a file, and what it shows before it has. */
export interface Uploaded extends UploadedFile {
  readonly mimeType: string;
  readonly fileName?: string;
  readonly width?: number;
  readonly height?: number;
  readonly seconds?: number;
  /** A JPEG, base64. */
  readonly thumbnail?: string;
}

/** A file that WhatsApp has already. */
export type UploadedMedia = MediaContent & { readonly uploaded: Uploaded };

/** The message that leads its recipients to the file. */
export function mediaProto(content: MediaContent | UploadedMedia): proto.IMessage {
  if (!("uploaded" in content)) throw new Error(`the ${content.kind} has not been uploaded`);
  const { uploaded } = content;
  const file = {
    url: uploaded.url,
    directPath: uploaded.directPath,
    mediaKey: bytes(uploaded.mediaKey),
    fileEncSha256: bytes(uploaded.fileEncSha256),
    fileSha256: bytes(uploaded.fileSha256),
    fileLength: uploaded.fileLength,
    mediaKeyTimestamp: uploaded.mediaKeyTimestamp,
    mimetype: uploaded.mimeType,
    ...SHOWN[content.kind](content, uploaded),
  };
  return { [`${content.kind}Message`]: Object.fromEntries(present(file)) };
}

type Shown = Readonly<Record<string, string | number | boolean | Uint8Array | undefined>>;

/** What each kind shows besides the file. */
const SHOWN: Readonly<Record<MediaKind, (content: MediaContent, uploaded: Uploaded) => Shown>> = {
  image: ({ caption }, { width, height, thumbnail }) => ({
    caption,
    width,
    height,
    jpegThumbnail: picture(thumbnail),
  }),
  video: ({ caption }, { width, height, seconds, thumbnail }) => ({
    caption,
    width,
    height,
    seconds,
    jpegThumbnail: picture(thumbnail),
  }),
  audio: ({ ptt }, { seconds }) => ({ seconds, ptt: ptt === true }),
  document: ({ caption, fileName }, uploaded) => {
    const name = fileName ?? uploaded.fileName ?? "file";
    return { caption, fileName: name, title: name };
  },
  sticker: (_, { width, height }) => ({ width, height }),
};

function present(fields: Shown): readonly (readonly [string, unknown])[] {
  return Object.entries(fields).filter(([, value]) => value !== undefined);
}

function picture(thumbnail: string | undefined): Uint8Array | undefined {
  return thumbnail === undefined ? undefined : bytes(thumbnail);
}

function bytes(base64: string): Uint8Array {
  return Buffer.from(base64, "base64");
}

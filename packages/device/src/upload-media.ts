import type { Readable } from "node:stream";
import { catalogRow, type Failure, type MediaKind, type Settings } from "@pombo/domain";
import {
  type AnyMediaMessageContent,
  prepareWAMessageMedia,
  type proto,
  type WASocket,
} from "@whiskeysockets/baileys";
import { classifyRejection } from "./classify.ts";

/** A file at WhatsApp, encrypted: what its recipients need to fetch it. Byte fields in base64. */
export interface UploadedFile {
  readonly url: string;
  readonly directPath: string;
  readonly mediaKey: string;
  readonly fileEncSha256: string;
  readonly fileSha256: string;
  readonly fileLength: number;
  /** s since the epoch */
  readonly mediaKeyTimestamp: number;
}

export type Upload =
  | { readonly kind: "uploaded"; readonly file: UploadedFile }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface MediaSource {
  readonly kind: MediaKind;
  readonly bytes: Readable;
}

/**
 * Encrypts a file and uploads it; no message is made. Observed of the pinned release: it encrypts the stream into a temporary file,
 * uploads that file as a stream, and removes it, so that memory does not grow with the size.
 */
export async function uploadMedia(
  wa: WASocket,
  { kind, bytes }: MediaSource,
  settings: Settings,
): Promise<Upload> {
  try {
    const message = await prepareWAMessageMedia(asAsked(kind, bytes), {
      upload: wa.waUploadToServer,
      mediaUploadTimeoutMs: settings.media_upload_ms,
    });
    return { kind: "uploaded", file: fileOf(message[`${kind}Message`]) };
  } catch (error) {
    return { kind: "failed", failure: failureOf(error) };
  } finally {
    bytes.destroy();
  }
}

const NOTHING = new Uint8Array();

/** With a thumbnail, a duration and a waveform it looks for none: it would keep a second copy, and call programs of the machine. */
function asAsked(kind: MediaKind, bytes: Readable): AnyMediaMessageContent {
  const content = { jpegThumbnail: "", seconds: 0, waveform: NOTHING, mimetype: "" };
  return { ...content, [kind]: { stream: bytes } } as unknown as AnyMediaMessageContent;
}

type MediaMessage = Pick<
  proto.Message.IImageMessage,
  | "url"
  | "directPath"
  | "mediaKey"
  | "fileEncSha256"
  | "fileSha256"
  | "fileLength"
  | "mediaKeyTimestamp"
>;

function fileOf(message: MediaMessage | null | undefined): UploadedFile {
  const { url, directPath, mediaKey, fileEncSha256, fileSha256 } = message ?? {};
  if (!mediaKey || !fileEncSha256 || !fileSha256 || typeof directPath !== "string")
    throw new Error("the upload was not described");
  return {
    url: url ?? "",
    directPath,
    mediaKey: base64(mediaKey),
    fileEncSha256: base64(fileEncSha256),
    fileSha256: base64(fileSha256),
    fileLength: Number(message?.fileLength),
    mediaKeyTimestamp: Number(message?.mediaKeyTimestamp),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** What the device waits for is what it is; whatever else went wrong, the file is not there, and nothing was sent. */
function failureOf(error: unknown): Failure {
  const failure = classifyRejection(error);
  const { remedy } = catalogRow(failure.code);
  if (remedy.kind === "park" || remedy.kind === "throttle") return failure;
  const detail = "the upload to WhatsApp failed";
  return { code: "MEDIA_UPLOAD_FAILED", detail, cause: error };
}

import type { MediaContent, MediaKind, MessageContent, Target } from "@pombo/domain";
import type { SendMessageInput } from "./message.ts";

/** The content of a body that needs nothing but the body. */
export type PlainContent = Exclude<MessageContent, MediaContent | { readonly target: Target }>;

export type PlainInput = Pick<SendMessageInput, "text" | "location" | "contact" | "poll">;

/**
 * What a body says that brings no file and changes nothing. The schema has seen to it that there is a content.
 * @param secret makes the one of a poll: base64 of 32 random bytes
 */
export function plainContent(
  { text = "", location, contact, poll }: PlainInput,
  secret: () => string,
): PlainContent {
  if (location !== undefined) {
    const { latitude, longitude, name, address } = location;
    return {
      kind: "location",
      latitude,
      longitude,
      ...(name === undefined ? {} : { name }),
      ...(address === undefined ? {} : { address }),
    };
  }
  if (contact !== undefined) {
    const { name, phone, organization } = contact;
    return {
      kind: "contact",
      name,
      phone,
      ...(organization === undefined ? {} : { organization }),
    };
  }
  if (poll !== undefined) {
    const { question, options, selectable_count: selectable = 1 } = poll;
    return { kind: "poll", question, options, selectable, secret: secret() };
  }
  return { kind: "text", text };
}

/** The file of a body. */
export interface FileInput {
  readonly kind: MediaKind;
  readonly file: NonNullable<SendMessageInput[MediaKind]>;
}

/** A file as the ledger keeps it, wherever its bytes are. */
export function fileContent({ kind, file }: FileInput, media: MediaContent["media"]): MediaContent {
  const { caption, file_name: fileName, mime_type: mimeType, ptt } = file;
  return {
    kind,
    media,
    ...(caption === undefined ? {} : { caption }),
    ...(fileName === undefined ? {} : { fileName }),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(ptt === undefined ? {} : { ptt }),
  };
}

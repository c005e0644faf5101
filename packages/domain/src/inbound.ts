import type { ContentKind } from "./content.ts";

/** A file that somebody sent, as its message describes it. */
export interface InboundMedia {
  readonly mimeType?: string;
  /** bytes */
  readonly size?: number;
  readonly fileName?: string;
  readonly seconds?: number;
  readonly width?: number;
  readonly height?: number;
  /** A voice note. */
  readonly ptt?: boolean;
}

/** A message that somebody sent to a device, as far as we read it. Personal: it belongs in the record and the event, never in a log. */
export interface InboundMessage {
  /** Given by the sender; unique per chat and sender only. */
  readonly id: string;
  /** Digits, or `…@lid` where WhatsApp hides the number, or a group JID. */
  readonly chat: string;
  /** Who wrote it: digits, or `…@lid`. */
  readonly from: string;
  /** His LID, where it is known beside the number: in the record only. */
  readonly lid?: string;
  /** In a group: the writer as the group names people, a JID. Quotes and reactions name him so. */
  readonly author?: string;
  /** What the sender calls himself. */
  readonly name?: string;
  /** ms since the epoch, by the sender's server */
  readonly at: number;
  /** `other`: a kind that is not read. */
  readonly kind: ContentKind | "other";
  /** The text, caption, emoji, name or question. */
  readonly text?: string;
  /** The message that is edited, deleted or reacted to. */
  readonly target?: string;
  /** The message that it answers. */
  readonly quoted?: string;
  /** Digits, or `…@lid`. */
  readonly mentions?: readonly string[];
  readonly media?: InboundMedia;
  readonly location?: { readonly latitude: number; readonly longitude: number };
  readonly contact?: { readonly name: string; readonly vcard: string };
  readonly poll?: { readonly options: readonly string[]; readonly selectable: number };
  /** base64 of what a device needs to fetch the file: in the record only. */
  readonly source?: string;
}

/** An id that is safe in keys, events and addresses: those of all known clients are. */
export function isInboundId(id: string): boolean {
  return /^[A-Za-z0-9._-]{1,128}$/.test(id);
}

/** A received message as events and answers tell it. */
export function tellInbound(message: InboundMessage) {
  const { chat, from, name, at, kind, text, target, quoted, mentions, media } = message;
  return {
    chat_jid: chat.includes("@") ? chat : `${chat}@s.whatsapp.net`,
    from,
    ...(name === undefined ? {} : { name }),
    kind,
    sent_at: new Date(at).toISOString(),
    ...(text === undefined ? {} : { text }),
    ...(target === undefined ? {} : { target_id: target }),
    ...(quoted === undefined ? {} : { quoted_id: quoted }),
    ...(mentions === undefined ? {} : { mentions }),
    ...(media === undefined ? {} : { media: tellMedia(media) }),
    ...(message.location === undefined ? {} : { location: message.location }),
    ...(message.contact === undefined ? {} : { contact: message.contact }),
    ...(message.poll === undefined ? {} : { poll: tellPoll(message.poll) }),
  };
}

function tellPoll({ options, selectable }: NonNullable<InboundMessage["poll"]>) {
  return { options, selectable_count: selectable };
}

function tellMedia({ mimeType, fileName, ...rest }: InboundMedia) {
  return {
    ...(mimeType === undefined ? {} : { mime_type: mimeType }),
    ...(fileName === undefined ? {} : { file_name: fileName }),
    ...rest,
  };
}

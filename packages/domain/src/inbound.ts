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

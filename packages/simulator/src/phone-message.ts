import type { MediaKind, MediaSeal } from "./media-crypto.ts";

/** What a phone shows of one message. */
export type MessageType =
  | "text"
  | "edit"
  | "reaction"
  | "revoke"
  | "image"
  | "video"
  | "audio"
  | "document"
  | "sticker"
  | "location"
  | "contact"
  | "poll"
  | "other";

/** What a phone makes of a decrypted message. */
export interface PhoneContent {
  readonly type: MessageType;
  /** The text, caption, emoji, or name; empty when there is none. */
  readonly text: string;
  /** The message that an edit, reaction or revoke is about. */
  readonly target?: string;
  /** The message that this one answers. */
  readonly quoted?: string;
  /** Digits, as far as the JIDs are known. */
  readonly mentions?: readonly string[];
  readonly media?: PhoneMedia;
  readonly location?: {
    readonly latitude: number;
    readonly longitude: number;
    readonly name?: string;
    readonly address?: string;
  };
  readonly contact?: { readonly name: string; readonly vcard: string };
  readonly poll?: {
    readonly question: string;
    readonly options: readonly string[];
    readonly selectable_count: number;
  };
}

export interface PhoneMedia extends MediaSeal {
  readonly kind: MediaKind;
  readonly mime_type: string;
  readonly url: string;
  readonly direct_path: string;
  readonly file_name?: string;
  readonly ptt?: boolean;
  readonly seconds?: number;
  readonly width?: number;
  readonly height?: number;
  /** Bytes of the preview in the message itself. */
  readonly thumbnail_bytes?: number;
}

export interface PhoneMessage extends PhoneContent {
  readonly id: string;
  /** Digits of the sender. */
  readonly from: string;
  /**
   * The JID of a group, or the digits of the chat it was sent to: this phone's own number unless it is a copy of what a
   * companion sent.
   */
  readonly to: string;
  /** How often a message with this sender and id arrived. */
  readonly copies: number;
  /** ISO time of the first arrival. */
  readonly received_at: string;
  /** ISO time at which a person read it by hand. */
  readonly read_at?: string;
  /** What the text was before it was edited, oldest first. */
  readonly edits?: readonly { readonly id: string; readonly text: string; readonly at: string }[];
  /** Deleted for everyone, by the message with this id; the text is gone. */
  readonly revoked_by?: string;
  /** Digits of who reacted, and how; the last reaction of each. */
  readonly reactions?: Readonly<Record<string, string>>;
}

export type Arrival = Omit<
  PhoneMessage,
  "copies" | "received_at" | "read_at" | "edits" | "revoked_by" | "reactions"
> & {
  /** Base64 of the message as it was encoded, where it cannot be made again from what is shown. */
  readonly raw?: string;
};

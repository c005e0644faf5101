/**
 * What a person writes on a phone: exactly one kind of content, in the words of the API that Pombo offers its own clients.
 */
export interface Letter extends LetterContent {
  /** A number, or the JID of a group. */
  readonly to: string;
  /** Absent: a new one. */
  readonly id?: string;
  /** Id of a message in the same chat. */
  readonly quoted?: string;
  /** Numbers. */
  readonly mentions?: readonly string[];
}

export interface LetterContent {
  readonly text?: string;
  readonly image?: LetterMedia;
  readonly video?: LetterMedia;
  readonly audio?: LetterMedia;
  readonly document?: LetterMedia;
  readonly sticker?: LetterMedia;
  readonly location?: LetterLocation;
  readonly contact?: { readonly name: string; readonly phone: string };
  readonly poll?: LetterPoll;
  /** An empty emoji takes the reaction back. */
  readonly reaction?: { readonly message_id: string; readonly emoji: string };
  readonly edit?: { readonly message_id: string; readonly text: string };
  readonly delete?: { readonly message_id: string };
}

export interface LetterMedia {
  /** The bytes; or `size`: so many made-up ones. */
  readonly base64?: string;
  readonly size?: number;
  readonly caption?: string;
  readonly file_name?: string;
  readonly mime_type?: string;
  readonly ptt?: boolean;
}

export interface LetterLocation {
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string;
  readonly address?: string;
}

export interface LetterPoll {
  readonly question: string;
  readonly options: readonly string[];
  readonly selectable_count?: number;
}

export const mediaKinds = ["image", "video", "audio", "document", "sticker"] as const;

export type LetterMediaKind = (typeof mediaKinds)[number];

export const contentKinds = [
  "text",
  ...mediaKinds,
  "location",
  "contact",
  "poll",
  "reaction",
  "edit",
  "delete",
] as const satisfies readonly (keyof LetterContent)[];

import type { MediaId } from "./id.ts";
import { hasCaption, isMediaKind, MEDIA_KINDS, type MediaKind } from "./media-kind.ts";

/** Every kind of content. A reaction, an edit and a deletion have a target. */
export const CONTENT_KINDS = [
  "text",
  ...MEDIA_KINDS,
  "location",
  "contact",
  "poll",
  "reaction",
  "edit",
  "delete",
] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

/** The message that another one answers, edits, deletes or reacts to. */
export interface Target {
  /** A WhatsApp message id: one of ours, or of a message that came in. */
  readonly id: string;
  /** This account wrote it. */
  readonly fromMe: boolean;
  /** Who wrote it, as a JID; absent where the chat tells it (a person's own message, or one of ours). */
  readonly author?: string;
}

/** What any content may carry besides itself. */
export interface Extras {
  /** `text`: what the quoted message says, as far as it is known. */
  readonly quoted?: Target & { readonly text?: string };
  /** Digits of the people who are named in the text. */
  readonly mentions?: readonly string[];
  /** Shows "typing…" for so long before the message leaves. */
  readonly typingMs?: number;
}

/** Where the bytes of a file are: in the media store under `id`, and when `url` is given, not before they were fetched from there. */
export interface MediaRef {
  readonly id: MediaId;
  readonly url?: string;
}

export interface MediaContent {
  readonly kind: MediaKind;
  readonly media: MediaRef;
  readonly caption?: string;
  readonly fileName?: string;
  readonly mimeType?: string;
  /** A voice note. */
  readonly ptt?: boolean;
}

/** What a message says, by kind. The ledger keeps it as JSON, `kind` and `target` first: a script looks for them there. */
export type MessageContent =
  | ({ readonly kind: "text"; readonly text: string } & Extras)
  | (MediaContent & Extras)
  | ({
      readonly kind: "location";
      readonly latitude: number;
      readonly longitude: number;
      readonly name?: string;
      readonly address?: string;
    } & Extras)
  | ({
      readonly kind: "contact";
      readonly name: string;
      /** digits */
      readonly phone: string;
      readonly organization?: string;
    } & Extras)
  | ({
      readonly kind: "poll";
      readonly question: string;
      readonly options: readonly string[];
      /** How many options one person may choose. */
      readonly selectable: number;
      /** base64 of 32 bytes: votes are encrypted with it, so every attempt sends the same. */
      readonly secret: string;
    } & Extras)
  | {
      readonly kind: "reaction";
      readonly target: Target;
      /** "" removes it. */ readonly emoji: string;
    }
  | { readonly kind: "edit"; readonly target: Target; readonly text: string }
  | { readonly kind: "delete"; readonly target: Target };

/** Reads what the ledger keeps. A record without a kind is a text, from the time when there was nothing else. */
export function readContent(json: string): MessageContent {
  const content = JSON.parse(json) as MessageContent | { readonly text?: string };
  return "kind" in content ? content : { kind: "text", text: content.text ?? "" };
}

export function isMedia<Content extends MessageContent>(
  content: Content,
): content is Extract<Content, MediaContent> {
  return isMediaKind(content.kind);
}

/** The message that this one changes or reacts to: it goes only after that one. */
export function targetOf(content: MessageContent): Target | undefined {
  return "target" in content ? content.target : undefined;
}

/** The words of a content, where it has any: what a quote of it shows. */
export function wordsOf(content: MessageContent): string {
  switch (content.kind) {
    case "text":
    case "edit":
      return content.text;
    case "image":
    case "video":
    case "audio":
    case "document":
    case "sticker":
      return content.caption ?? content.fileName ?? "";
    case "location":
      return content.name ?? content.address ?? "";
    case "contact":
      return content.name;
    case "poll":
      return content.question;
    case "reaction":
      return content.emoji;
    case "delete":
      return "";
  }
}

/** The same with other words; undefined for what has none of its own. */
export function reworded(content: MessageContent, words: string): MessageContent | undefined {
  if (content.kind === "text" || content.kind === "edit") return { ...content, text: words };
  return isMedia(content) && hasCaption(content.kind) ? { ...content, caption: words } : undefined;
}

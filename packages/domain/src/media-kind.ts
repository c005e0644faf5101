import type { Settings } from "./settings.ts";

/** As what a message shows its media. */
export const MEDIA_KINDS = ["image", "video", "audio", "document", "sticker"] as const;

export type MediaKind = (typeof MEDIA_KINDS)[number];

/** Words go with these; a phone shows none beside the others. */
const CAPTIONED: ReadonlySet<string> = new Set(["image", "video", "document"]);

export function hasCaption(kind: string): boolean {
  return CAPTIONED.has(kind);
}

export function isMediaKind(text: string): text is MediaKind {
  return MEDIA_KINDS.some((kind) => kind === text);
}

/** The most bytes that media of this kind may have. */
export function mediaLimit(kind: MediaKind, settings: Settings): number {
  return settings[`${kind}_limit_bytes`];
}

/** The most bytes that any media may have. */
export function mostMediaBytes(settings: Settings): number {
  return Math.max(...MEDIA_KINDS.map((kind) => mediaLimit(kind, settings)));
}

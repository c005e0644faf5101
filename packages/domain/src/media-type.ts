import type { MediaKind } from "./media-kind.ts";

/** What WhatsApp's phones show as this kind, by the type that the bytes themselves tell. Documents may be anything. */
const SHOWN: Readonly<Record<Exclude<MediaKind, "document">, readonly string[]>> = {
  image: ["image/jpeg", "image/png", "image/webp"],
  video: ["video/mp4", "video/3gpp", "video/quicktime"],
  audio: ["audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/ogg", "audio/wav"],
  sticker: ["image/webp"],
};

/** Names of one and the same type. */
const ALIASES: Readonly<Record<string, string>> = {
  "image/jpg": "image/jpeg",
  "image/pjpeg": "image/jpeg",
  "audio/mp3": "audio/mpeg",
  "audio/x-m4a": "audio/mp4",
  "audio/m4a": "audio/mp4",
  "video/x-m4v": "video/mp4",
  "audio/x-aac": "audio/aac",
  "audio/aacp": "audio/aac",
  "audio/opus": "audio/ogg",
  "application/ogg": "audio/ogg",
  "audio/x-wav": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/vnd.wave": "audio/wav",
  "audio/amr-wb": "audio/amr",
  "application/x-pdf": "application/pdf",
};

/** Containers that hold sound as well as pictures: what they are called depends on who looks. */
const FAMILIES: readonly (readonly string[])[] = [
  ["video/mp4", "audio/mp4", "video/quicktime", "video/3gpp", "audio/3gpp"],
  ["audio/ogg", "video/ogg"],
  ["video/webm", "audio/webm"],
];

/** Types that say nothing: no claim that could be wrong. */
const SILENT: ReadonlySet<string> = new Set([
  "application/octet-stream",
  "binary/octet-stream",
  "application/force-download",
  "application/download",
  "application/x-download",
]);

export interface TypedBytes {
  readonly kind?: MediaKind;
  /** What the sender, or the server that had it, calls it. */
  readonly declared?: string;
  /** What the first bytes tell; absent when they tell nothing. */
  readonly detected?: string;
}

export type TypeCheck =
  | { readonly kind: "type"; readonly mimeType: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Types that their first bytes always tell. */
const TELLING: ReadonlySet<string> = new Set([
  ...Object.values(SHOWN).flat(),
  "application/pdf",
  "image/gif",
  "video/webm",
]);

/** The type that the bytes are used under; a type that the kind can't show, or another one than was declared, is refused. */
export function checkType({ kind, declared, detected }: TypedBytes): TypeCheck {
  const found = detected === undefined ? undefined : essenceOf(detected);
  const told = declared === undefined ? undefined : essenceOf(declared);
  const claim = told === undefined || told === "" || SILENT.has(told) ? undefined : told;
  if (claim !== undefined && lies(claim, found))
    return refused(`the bytes are ${found ?? "of no known type"}, but are declared as ${claim}`);
  if (kind === undefined || kind === "document")
    return { kind: "type", mimeType: claim ?? found ?? "application/octet-stream" };
  const shown = found === undefined ? undefined : shownAs(kind, found);
  if (shown === undefined)
    return refused(`the bytes are ${found ?? "of no known type"}, which is no ${kind}`);
  return { kind: "type", mimeType: isOpus(detected) ? "audio/ogg; codecs=opus" : shown };
}

/** The type without its parameters, lower-case, under its usual name. */
export function essenceOf(type: string): string {
  const essence = (type.split(";")[0] ?? "").trim().toLowerCase();
  return ALIASES[essence] ?? essence;
}

function lies(claim: string, found: string | undefined): boolean {
  if (TELLING.has(claim)) return found === undefined || !akin(claim, found);
  return found !== undefined && TELLING.has(found) && topOf(claim) !== topOf(found);
}

/** Sound in a container of films is sound when it is sent as such; a film needs pictures. */
function shownAs(kind: Exclude<MediaKind, "document">, found: string): string | undefined {
  if (kind === "video" && topOf(found) !== "video") return undefined;
  const wanted = SHOWN[kind];
  return wanted.find((type) => type === found) ?? wanted.find((type) => akin(type, found));
}

function isOpus(detected: string | undefined): boolean {
  return detected !== undefined && /^audio\/ogg;.*opus/i.test(detected);
}

function topOf(type: string): string {
  return type.split("/")[0] ?? "";
}

function akin(one: string, other: string): boolean {
  return one === other || FAMILIES.some((family) => family.includes(one) && family.includes(other));
}

function refused(reason: string): TypeCheck {
  return { kind: "refused", reason };
}

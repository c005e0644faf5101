import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { fileContent, type FileInput, type Problem } from "@pombo/contract";
import {
  checkType,
  isMediaId,
  type MediaContent,
  type MediaId,
  type MediaKind,
  mediaLimit,
  mintMediaId,
  type Settings,
} from "@pombo/domain";
import type { Ledger, MediaRecord } from "@pombo/ledger";
import { type MediaRoom, receive } from "@pombo/media";
import type { Caller } from "./authenticate.ts";
import { recordOf, seesMedia } from "./media-record.ts";

export interface StageDeps {
  readonly ledger: Pick<Ledger, "dropMedia" | "keepMedia" | "useMedia">;
  readonly media: MediaRoom;
  readonly settings: Settings;
  readonly now: () => number;
}

export interface FileWanted extends FileInput {
  readonly caller: Caller;
  /** When the message may go, ms since the epoch: the media is kept beyond that. */
  readonly goesAt: number;
}

export type Staged =
  /** `brought`: kept for this very message, and nobody's when that is not accepted. */
  | { readonly kind: "content"; readonly content: MediaContent; readonly brought?: MediaId }
  | { readonly kind: "refused"; readonly problem: Problem };

/** The file of a message: by its id, by its address (fetched by the worker), or kept now when its bytes are in the body. */
export async function stageMedia(wanted: FileWanted, deps: StageDeps): Promise<Staged> {
  const { url, base64, media_id: id } = wanted.file;
  if (id !== undefined) return useKept(id, wanted, deps);
  if (base64 !== undefined) return keepBytes(base64, wanted, deps);
  const media = { id: mintMediaId(randomBytes(16)), ...(url === undefined ? {} : { url }) };
  return { kind: "content", content: fileContent(wanted, media) };
}

/** What was kept for a message that was not accepted. */
export async function dropBrought(id: MediaId | undefined, deps: StageDeps): Promise<void> {
  const record = id === undefined ? undefined : await deps.ledger.dropMedia(id);
  if (record !== undefined) await deps.media.store.remove(record.object);
}

async function useKept(id: string, wanted: FileWanted, deps: StageDeps): Promise<Staged> {
  const { kind, caller, goesAt } = wanted;
  const record = isMediaId(id) ? await deps.ledger.useMedia(id, goesAt) : undefined;
  if (record === undefined || !seesMedia(caller, record))
    return unacceptable(kind, "there is no such media_id");
  const unfit = unfitFor(kind, record, deps.settings);
  if (unfit !== undefined) return unacceptable(kind, unfit);
  return { kind: "content", content: fileContent(wanted, { id: record.id }) };
}

function unfitFor(kind: MediaKind, record: MediaRecord, settings: Settings): string | undefined {
  const limit = mediaLimit(kind, settings);
  if (record.bytes > limit) return `it is larger than ${limit} bytes`;
  const checked = checkType({ kind, detected: record.mimeType });
  return checked.kind === "refused" ? checked.reason : undefined;
}

async function keepBytes(base64: string, wanted: FileWanted, deps: StageDeps): Promise<Staged> {
  const { kind, file, caller, goesAt } = wanted;
  const id = mintMediaId(randomBytes(16));
  const incoming = {
    id,
    kind,
    body: Readable.from([Buffer.from(base64, "base64")]),
    limitBytes: mediaLimit(kind, deps.settings),
    declaredTypes: file.mime_type === undefined ? [] : [file.mime_type],
  };
  const received = await receive(incoming, deps.media);
  if (received.kind !== "received") return unacceptable(kind, received.reason);
  const named = file.file_name === undefined ? {} : { fileName: file.file_name };
  const record = recordOf({ id, ...received.facts, ...named }, caller, deps.now());
  await deps.ledger.keepMedia(record, goesAt);
  return { kind: "content", content: fileContent(wanted, { id }), brought: id };
}

function unacceptable(kind: MediaKind, reason: string): Staged {
  const detail = `The ${kind} can't be used: ${reason}`;
  return { kind: "refused", problem: { code: "MEDIA_UNACCEPTABLE", detail } };
}

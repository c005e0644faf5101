import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { readIfThere } from "../data-folder.ts";
import { writeAtomic } from "../write-atomic.ts";

/**
 * A note beside the file: which upload of it was begun, under which key, and which batch came of it. So the same command after a
 * crash goes on where the upload stopped, and a file that was sent is not sent twice by accident.
 */
export interface UploadNote {
  /** Which Pombo. */
  readonly url: string;
  readonly idempotency_key: string;
  /** Digest of the settings. */
  readonly settings: string;
  /** Digest of the file. */
  readonly file: string;
  readonly begun_at: string;
  /** Absent until the upload ended well. */
  readonly batch_id?: string;
}

export type Wanted = Pick<UploadNote, "url" | "settings" | "file">;

/** How a command goes on from what the note says. */
export type NextMove =
  /** Nothing is known of it, or it is another Pombo. */
  | { readonly kind: "begin" }
  /** It broke off: once more under the same key. */
  | { readonly kind: "go-on"; readonly note: UploadNote }
  /** It was sent: there is the batch. */
  | { readonly kind: "sent"; readonly batchId: string }
  /** Another version of the file, or other settings, were sent before. */
  | { readonly kind: "changed-after"; readonly batchId: string }
  /** The upload of another version, or with other settings, broke off. */
  | { readonly kind: "changed-within"; readonly what: "file" | "settings" };

export function nextMove(note: UploadNote | undefined, wanted: Wanted): NextMove {
  if (note === undefined || note.url !== wanted.url) return { kind: "begin" };
  const isSame = note.file === wanted.file && note.settings === wanted.settings;
  if (note.batch_id !== undefined)
    return { kind: isSame ? "sent" : "changed-after", batchId: note.batch_id };
  if (isSame) return { kind: "go-on", note };
  return { kind: "changed-within", what: note.file === wanted.file ? "settings" : "file" };
}

export function noteFile(path: string): string {
  return `${path}.pombo.json`;
}

/** Undefined when there is none, or it is none of ours. */
export async function readNote(path: string): Promise<UploadNote | undefined> {
  const text = await readIfThere(noteFile(path));
  if (text === undefined) return undefined;
  try {
    const note = JSON.parse(text) as Partial<UploadNote> | null;
    return typeof note?.idempotency_key === "string" && typeof note.file === "string"
      ? (note as UploadNote)
      : undefined;
  } catch {
    return undefined;
  }
}

export async function writeNote(path: string, note: UploadNote): Promise<void> {
  await writeAtomic(noteFile(path), `${JSON.stringify(note, null, 2)}\n`);
}

export async function removeNote(path: string): Promise<void> {
  await rm(noteFile(path), { force: true });
}

/** The same for the same settings, in whatever order. */
export function digestOfSettings(settings: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 32);
}

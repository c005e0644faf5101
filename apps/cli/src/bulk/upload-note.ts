import { createHash } from "node:crypto";
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

export type Wanted = Pick<UploadNote, "settings" | "file">;

/** How a command goes on from what the note says. */
export type NextMove =
  | { readonly kind: "begin" }
  /**
   * It did not end well: once more under the same key. What is there already Pombo compares with what comes, so rows that were mended
   * behind it are fine; on another Pombo the key is just a new one.
   */
  | { readonly kind: "go-on"; readonly note: UploadNote; readonly isChanged: boolean }
  /** It was sent, and this batch came of it. */
  | { readonly kind: "sent"; readonly batchId: string; readonly url: string }
  /** Another version of the file, or other settings, were sent before. */
  | { readonly kind: "changed"; readonly batchId: string };

export function nextMove(note: UploadNote | undefined, wanted: Wanted): NextMove {
  if (note === undefined) return { kind: "begin" };
  const { batch_id: batchId, url } = note;
  const isSame = note.file === wanted.file && note.settings === wanted.settings;
  if (batchId !== undefined)
    return isSame ? { kind: "sent", batchId, url } : { kind: "changed", batchId };
  return { kind: "go-on", note: { ...note, ...wanted }, isChanged: !isSame };
}

function noteFile(path: string): string {
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

/** The same for the same settings, in whatever order. */
export function digestOfSettings(settings: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 32);
}

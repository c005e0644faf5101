import { type Output, type Pombo, PomboError } from "@pombo/sdk";
import type { Context } from "../command/context.ts";
import { EXIT } from "../command/exit-code.ts";
import { Stopped } from "../command/stopped.ts";
import { bar, span } from "../terminal/bar.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { BatchSettings } from "./bulk-options.ts";
import { openUpload, type UploadFile } from "./upload-file.ts";
import { type UploadNote, writeNote } from "./upload-note.ts";

/** Of one try: 2 GiB over a slow line take their time. */
const UPLOAD_MS = 86_400_000;
const MIB = 1_048_576;

export interface Uploading {
  readonly file: UploadFile;
  readonly settings: BatchSettings;
  readonly note: UploadNote;
}

export type AcceptedBatch = Output<"createBatch">;

/**
 * Sends the file, as often as it takes: each try begins at the start, and Pombo goes on where it stopped, as the key is the same. The
 * note is written before the first byte goes and when the batch is known, so a crash in between costs nothing.
 *
 * @throws Stopped when it is interrupted
 */
export async function uploadBatch(
  { file, settings, note }: Uploading,
  pombo: Pombo,
  { terminal, interrupts }: Context,
): Promise<AcceptedBatch> {
  const { signal } = interrupts;
  await writeNote(file.path, note);
  const progress = openProgress(file, terminal);
  if (!terminal.isLive) terminal.tell(`Uploading ${file.path} (${sizeOf(file.bytes)}) …`);
  try {
    const accepted = await pombo.createBatch(settings, {
      content: () => openUpload(file, progress.begin()),
      contentType: file.contentType,
      idempotencyKey: note.idempotency_key,
      timeoutMs: UPLOAD_MS,
      signal,
      ...(file.isGzipped ? { headers: { "content-encoding": "gzip" } } : {}),
    });
    await writeNote(file.path, { ...note, batch_id: accepted.batch_id });
    return accepted;
  } catch (error) {
    if (signal.aborted) throw new Stopped(INTERRUPTED, EXIT.interrupted);
    throw explained(error);
  } finally {
    terminal.clear();
  }
}

const INTERRUPTED =
  "Interrupted. The same command goes on where the upload stopped; without it nothing is sent, unless --start streaming was given.";

function explained(error: unknown): unknown {
  if (!(error instanceof PomboError)) return error;
  if (error.code === "IDEMPOTENCY_KEY_REUSED")
    return new Stopped(
      `${error.code}: ${error.detail}\nAnother version of the file, or other settings, were begun before: --again makes a batch of its own of this one.`,
      EXIT.refused,
    );
  if (error.class !== "transient") return error;
  const hint = "The same command goes on where the upload stopped.";
  return new Stopped(`${error.code}: ${error.detail}\n${hint}`, EXIT.unavailable);
}

interface UploadProgress {
  /** A new try, from the start. */
  begin(): (sent: number) => void;
}

/** Rate and time left are those of this try. */
function openProgress(
  { bytes }: UploadFile,
  terminal: Pick<Terminal, "show" | "tell">,
): UploadProgress {
  let tries = 0;
  return {
    begin() {
      tries += 1;
      if (tries > 1) terminal.tell(`The connection broke: sending it again (try ${tries}) …`);
      const from = performance.now();
      return (sent) => {
        const facts = sent < bytes ? pace({ sent, bytes, from }) : ["waiting for Pombo"];
        const share = { done: Math.floor(sent / 1_024), total: Math.ceil(bytes / 1_024) };
        terminal.show((columns) => bar(share, columns, ["KiB uploaded", ...facts]));
      };
    },
  };
}

interface Sent {
  readonly sent: number;
  readonly bytes: number;
  readonly from: number;
}

function pace({ sent, bytes, from }: Sent): readonly string[] {
  const rate = sent / Math.max(0.001, (performance.now() - from) / 1_000);
  const leftMs = rate === 0 ? 0 : ((bytes - sent) / rate) * 1_000;
  return [`${(rate / MIB).toFixed(1)} MiB/s`, `${span(leftMs)} left`];
}

/** @example 28.6 MiB */
function sizeOf(bytes: number): string {
  if (bytes < 1_024) return `${bytes} bytes`;
  return bytes < MIB ? `${Math.round(bytes / 1_024)} KiB` : `${(bytes / MIB).toFixed(1)} MiB`;
}

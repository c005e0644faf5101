import { basename } from "node:path";
import type { Pombo } from "@pombo/sdk";
import type { Context } from "../command/context.ts";
import { EXIT } from "../command/exit-code.ts";
import { Stopped } from "../command/stopped.ts";
import type { BatchSettings } from "./bulk-options.ts";
import { type Preview, previewText } from "./preview-view.ts";
import { openUpload, type UploadFile } from "./upload-file.ts";

const PREVIEW_MS = 600_000;
const SAMPLE = 20;

export interface Previewing {
  readonly file: UploadFile;
  readonly settings: BatchSettings;
  readonly json: boolean;
}

/** Shows what would become of the file; nothing of it is stored. @throws Stopped when nothing would be sent */
export async function showPreview(
  { file, settings, json }: Previewing,
  pombo: Pombo,
  { terminal, interrupts }: Context,
): Promise<Preview> {
  terminal.show(() => "Pombo looks at the file …");
  const preview = await pombo.previewBatch(
    { ...settings, sample: SAMPLE },
    {
      content: () => openUpload(file, () => undefined),
      contentType: file.contentType,
      timeoutMs: PREVIEW_MS,
      signal: interrupts.signal,
      ...(file.isGzipped ? { headers: { "content-encoding": "gzip" } } : {}),
    },
  );
  terminal.clear();
  terminal.print(
    json ? JSON.stringify(preview) : previewText(preview, basename(file.path), Date.now()),
  );
  if (preview.accepted === 0) throw new Stopped("Nothing would be sent.", EXIT.failed);
  return preview;
}

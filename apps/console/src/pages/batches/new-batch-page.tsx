import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { serverNow } from "../../api/server-clock.ts";
import { useMissingScope } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { Note } from "../../ui/note.tsx";
import { Page } from "../../ui/page.tsx";
import { Panel } from "../../ui/panel.tsx";
import styles from "./batches.module.css";
import { ChooseFile, type Chosen } from "./choose-file.tsx";
import { MEDIA_TYPES, PREVIEW_BYTES, PREVIEW_ROWS, wholeRows } from "./file-part.ts";
import { PreviewPanel } from "./preview-panel.tsx";
import type { Preview } from "./preview-verdict.ts";
import { SettingsForm } from "./settings-form.tsx";
import { StartPanel } from "./start-panel.tsx";
import { type BatchQuery, NEW_UPLOAD, readSettings, type UploadForm } from "./upload-settings.ts";
import { useSenders } from "../../api/use-senders.ts";

/** Rows, and errors, that a preview shows. */
const SHOWN = "10";
const LOOK_MS = 120_000;

/** What was looked at, and how. */
interface Looked {
  readonly chosen: Chosen;
  readonly settings: BatchQuery;
  readonly preview: Preview;
  readonly whole: boolean;
}

/** Upload, settings, preview, start. */
export function NewBatchPage() {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const senders = useSenders();
  const missing = useMissingScope("messages:send");
  const [chosen, setChosen] = useState<Chosen>();
  const [form, setForm] = useState<UploadForm>(NEW_UPLOAD);
  const [tried, setTried] = useState(false);
  const [looked, setLooked] = useState<Looked>();
  const preview = useMutation({ mutationFn: look, onSuccess: setLooked });
  const read = readSettings(form, serverNow());
  const errors = tried && read.kind === "wrong" ? read.errors : {};

  // What was seen holds only for what it was seen with.
  const change = (next: Partial<UploadForm>): void => {
    setForm((before) => ({ ...before, ...next }));
    setLooked(undefined);
  };
  const choose = (next: Chosen | undefined): void => {
    setChosen(next);
    setLooked(undefined);
    if (next !== undefined && form.name === "") change({ name: nameFrom(next.file.name) });
  };
  const lookNow = (): void => {
    setTried(true);
    if (chosen !== undefined && read.kind === "settings")
      preview.mutate({ chosen, settings: read.settings });
  };
  return (
    <Page title="New batch">
      <Panel title="1. File">
        <ChooseFile chosen={chosen} onChange={choose} />
      </Panel>
      <Panel title="2. Settings">
        <SettingsForm
          form={form}
          onChange={change}
          errors={errors}
          senders={senders.error === null ? senders.data : []}
        />
      </Panel>
      <Panel
        title="3. Preview"
        aside={
          <Button
            variant={looked === undefined ? "primary" : "plain"}
            disabledBecause={missing ?? (chosen === undefined ? "Choose a file first." : undefined)}
            busy={preview.isPending}
            onClick={lookNow}
            data-testid="upload.preview"
          >
            {preview.isPending ? "Looking …" : "Preview"}
          </Button>
        }
      >
        {preview.error === null ? undefined : <Note role="needs-you">{says(preview.error)}</Note>}
        {Object.keys(errors).length === 0 ? undefined : (
          <Note role="needs-you">{Object.values(errors).join(" ")}</Note>
        )}
        {looked === undefined ? (
          <p className={styles.quiet}>
            The file is read as it would be sent. Nothing is sent, and nothing of it is stored.
          </p>
        ) : (
          <PreviewPanel preview={looked.preview} whole={looked.whole} />
        )}
      </Panel>
      {looked === undefined ? undefined : (
        <StartPanel
          {...looked}
          onStarted={(id) => {
            void cache.invalidateQueries({ queryKey: ["batches"] });
            void navigate({ to: "/batches/$id", params: { id } });
          }}
        />
      )}
    </Page>
  );
}

/** `people.csv` → `people`, as a first name for the batch. */
function nameFrom(file: string): string {
  return Array.from(file.replace(/\.[a-z]+$/i, ""))
    .slice(0, 100)
    .join("");
}

/** Previews the file, or its beginning: Pombo would read no more of it. */
async function look({ chosen, settings }: Pick<Looked, "chosen" | "settings">): Promise<Looked> {
  const { file, format } = chosen;
  const part = format === "json" ? file : await beginningOf(chosen);
  const preview = await pombo.previewBatch(
    { ...settings, sample: SHOWN },
    { content: part, contentType: MEDIA_TYPES[format], timeoutMs: LOOK_MS },
  );
  return { chosen, settings, preview, whole: part.size === file.size && preview.complete };
}

async function beginningOf({ file, format }: Chosen): Promise<Blob> {
  const bytes = new Uint8Array(await file.slice(0, PREVIEW_BYTES).arrayBuffer());
  // One more than is read at most: a file that ends there is whole.
  const end = wholeRows(bytes, format, PREVIEW_ROWS + 1);
  const all = bytes.length === file.size && (end === bytes.length || lastLine(bytes, end));
  return all || end === 0 ? file.slice(0, bytes.length) : file.slice(0, end);
}

/** What is left is one line without an end, not a further row that was cut off. */
function lastLine(bytes: Uint8Array, end: number): boolean {
  return bytes.length - end < 65_536 && !bytes.subarray(end).includes(0x0a);
}

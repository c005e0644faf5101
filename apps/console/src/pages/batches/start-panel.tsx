import { useMutation } from "@tanstack/react-query";
import { PomboError } from "@pombo/sdk";
import { useRef, useState } from "react";
import { says } from "../../api/says.ts";
import { ButtonRow } from "../../ui/button-row.tsx";
import { AppLink } from "../../ui/app-link.tsx";
import { Button } from "../../ui/button.tsx";
import { formatCount } from "../../ui/format.ts";
import { Meter } from "../../ui/meter.tsx";
import { Note } from "../../ui/note.tsx";
import { Panel } from "../../ui/panel.tsx";
import styles from "./batches.module.css";
import { type Chosen, formatBytes } from "./choose-file.tsx";
import { newKey } from "./new-key.ts";
import type { Preview } from "./preview-verdict.ts";
import { uploadFile } from "./upload-file.ts";
import {
  type BatchQuery,
  fingerprintOf,
  forgetUpload,
  isContinued,
  uploadKey,
} from "./upload-settings.ts";

interface StartPanelProps {
  readonly chosen: Chosen;
  readonly settings: BatchQuery;
  readonly preview: Preview;
  readonly whole: boolean;
  readonly onStarted: (batchId: string) => void;
}

/** Sends the file. What broke off goes on under the same key: no row is taken twice. */
export function StartPanel({ chosen, settings, preview, whole, onStarted }: StartPanelProps) {
  const { file, format } = chosen;
  const [sent, setSent] = useState(0);
  const stop = useRef<AbortController>(undefined);
  const fingerprint = fingerprintOf(file, settings);
  const upload = useMutation({
    mutationFn: () => {
      const ending = new AbortController();
      stop.current = ending;
      const key = uploadKey(sessionStorage, fingerprint, newKey);
      const watch = { signal: ending.signal, onProgress: (bytes: number) => setSent(bytes) };
      return uploadFile({ file, format, settings, key }, watch);
    },
    onSuccess: ({ batch_id: id }) => {
      forgetUpload(sessionStorage);
      onStarted(id);
    },
  });
  const again = isContinued(sessionStorage, fingerprint) && !upload.isPending;
  const verb = whole ? `Send ${formatCount(preview.accepted)}` : "Send all rows";
  return (
    <Panel title="4. Start" testId="upload.start-panel">
      {upload.isPending ? (
        <Progress sent={Math.min(sent, file.size)} total={file.size} />
      ) : undefined}
      {upload.error === null ? undefined : <Failed error={upload.error} />}
      <ButtonRow>
        <Button
          variant="primary"
          busy={upload.isPending}
          disabledBecause={preview.accepted === 0 ? "No row would be sent." : undefined}
          onClick={() => upload.mutate()}
          data-testid="upload.start"
        >
          {again ? "Go on with the upload" : verb}
        </Button>
        {upload.isPending ? (
          <Button onClick={() => stop.current?.abort()}>Stop the upload</Button>
        ) : undefined}
        <span className={styles.quiet}>
          {settings.send_at === undefined
            ? "Sending begins when the whole file has arrived."
            : "Sending begins at the time that is set."}
        </span>
      </ButtonRow>
    </Panel>
  );
}

function Progress({ sent, total }: { readonly sent: number; readonly total: number }) {
  return (
    <Meter
      label={sent < total ? "Uploading" : "Uploaded; the last rows are being stored"}
      value={sent}
      max={total}
      says={`${formatBytes(sent)} of ${formatBytes(total)}`}
      testId="upload.progress"
    />
  );
}

function Failed({ error }: { readonly error: unknown }) {
  const refused = error instanceof PomboError && error.class === "client";
  const stopped = error instanceof DOMException && error.name === "AbortError";
  return (
    <Note role={stopped ? "waiting" : "needs-you"}>
      {stopped ? "Stopped." : says(error)}{" "}
      {refused ? (
        <>
          If rows had been stored before, they wait as a{" "}
          <AppLink href="/batches?status=receiving">batch that is being received</AppLink>: cancel
          it before you upload a corrected file.
        </>
      ) : (
        "What has arrived is kept for 24 h. Go on, and it continues where it stopped; no row is taken twice."
      )}
    </Note>
  );
}

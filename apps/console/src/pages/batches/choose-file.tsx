import { useRef, useState } from "react";
import { FileField } from "../../ui/file-field.tsx";
import { Note } from "../../ui/note.tsx";
import { formatCount } from "../../ui/format.ts";
import styles from "./batches.module.css";
import { columnsOf, type Format, formatOf } from "./file-part.ts";
import { useFileDrop } from "./use-file-drop.ts";

/** A file that Pombo can read, and the columns that its first line names. */
export interface Chosen {
  readonly file: File;
  readonly format: Format;
  readonly columns: readonly string[];
}

interface ChooseFileProps {
  readonly chosen: Chosen | undefined;
  readonly onChange: (chosen: Chosen | undefined) => void;
}

/** As much as a header can have. */
const HEAD_BYTES = 65_536;

/** A file is chosen, or dropped anywhere on the page. */
export function ChooseFile({ chosen, onChange }: ChooseFileProps) {
  const input = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState<string>();
  const take = (file: File | undefined): void => {
    setRefused(undefined);
    if (file === undefined) return onChange(undefined);
    const format = formatOf(file.name);
    if (format === undefined) {
      onChange(undefined);
      return setRefused(`${file.name} is no CSV, NDJSON or JSON file. Export it as CSV first.`);
    }
    void file
      .slice(0, HEAD_BYTES)
      .text()
      .then((head) => onChange({ file, format, columns: format === "csv" ? columnsOf(head) : [] }));
  };
  const over = useFileDrop((files) => {
    if (files.length > 1) return setRefused("Drop one file at a time: each is a batch of its own.");
    // The field names the file, as if it had been chosen there.
    if (input.current !== null) input.current.files = files;
    take(files[0]);
  });
  return (
    <div className={styles.drop} data-over={over || undefined} data-testid="upload.drop">
      <FileField
        label="File: CSV, NDJSON or JSON"
        accept=".csv,.tsv,.txt,.ndjson,.jsonl,.json"
        onChange={take}
        hint="Choose it, or drop it anywhere on this page. One row a message; a column “to” has the numbers."
        testId="upload.file"
        ref={input}
      />
      {refused === undefined ? undefined : <Note role="needs-you">{refused}</Note>}
      {chosen === undefined ? undefined : (
        <p data-testid="upload.chosen">
          {chosen.file.name}, {formatBytes(chosen.file.size)}
          {chosen.columns.length === 0 ? undefined : (
            <>
              ; columns{" "}
              {chosen.columns.slice(0, 12).map((column) => (
                <code key={column}>{`{{${column}}} `}</code>
              ))}
            </>
          )}
        </p>
      )}
    </div>
  );
}

/** "812 bytes", "1.4 MB" */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${formatCount(bytes)} bytes`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

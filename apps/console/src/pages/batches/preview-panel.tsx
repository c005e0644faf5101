import type { ReactNode } from "react";
import { serverNow } from "../../api/server-clock.ts";
import { Figure, Figures } from "../../ui/figure.tsx";
import { formatCount } from "../../ui/format.ts";
import { Note } from "../../ui/note.tsx";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Verdict } from "../../ui/verdict.tsx";
import styles from "./batches.module.css";
import { ErrorValue } from "./error-value.tsx";
import { type Preview, previewVerdict } from "./preview-verdict.ts";

interface PreviewPanelProps {
  readonly preview: Preview;
  /** All of the file was looked at. */
  readonly whole: boolean;
}

/** What would become of the file. */
export function PreviewPanel({ preview, whole }: PreviewPanelProps) {
  const { on_whatsapp: known } = preview;
  return (
    <>
      <Verdict testId="preview.verdict">{previewVerdict(preview, whole, serverNow())}</Verdict>
      <Figures>
        <Count name="accepted" label="Accepted" count={preview.accepted} />
        <Count name="invalid" label="Invalid" count={preview.invalid} />
        <Count name="duplicate" label="Duplicate" count={preview.duplicate} />
        <Count name="suppressed" label="Suppressed" count={preview.suppressed} />
        <Count
          name="not-on-whatsapp"
          label="Not on WhatsApp"
          count={known.no}
          note={`${formatCount(known.yes)} are`}
        />
        <Count
          name="unknown"
          label="Unknown"
          count={known.unknown}
          note="of these the rows below were looked up"
        />
        <Count
          name="cold"
          label="New chats"
          count={preview.cold}
          note={`${formatCount(preview.warm)} talk to you already`}
        />
      </Figures>
      {preview.warnings.map(({ code, count, message }) => (
        <Note key={code} role="waiting">
          {formatCount(count)}: {message}
        </Note>
      ))}
      <Sample preview={preview} />
      <Errors preview={preview} />
    </>
  );
}

interface CountProps {
  readonly name: string;
  readonly label: string;
  readonly count: number;
  readonly note?: string;
}

function Count({ name, label, count, note }: CountProps) {
  return (
    <Figure
      label={label}
      value={formatCount(count)}
      raw={count}
      note={note}
      testId={`preview.${name}`}
    />
  );
}

interface RowsProps {
  readonly says: string;
  readonly columns: readonly string[];
  readonly children: ReactNode;
}

function Rows({ says, columns, children }: RowsProps) {
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={says}>
      <table className={styles.table}>
        <caption>{says}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

const ON_WHATSAPP = { yes: "active", no: "failed", unknown: "unknown" } as const;
const WORDS = { yes: "On WhatsApp", no: "Not on WhatsApp", unknown: "Unknown" } as const;

function Sample({ preview: { sample } }: Pick<PreviewPanelProps, "preview">) {
  if (sample.length === 0) return undefined;
  return (
    <Rows
      says="The first rows as they will be sent"
      columns={["Line", "To", "Country", "Known", "Text"]}
    >
      {sample.map((row) => (
        <tr key={row.row} data-testid="preview.sample">
          <td>{formatCount(row.line)}</td>
          <td>
            <PhoneNumber value={row.to} />
            {row.valid ? undefined : <div className={styles.quiet}>fits no numbering plan</div>}
          </td>
          <td>{row.country ?? "–"}</td>
          <td>
            <StatusMark status={ON_WHATSAPP[row.on_whatsapp]}>{WORDS[row.on_whatsapp]}</StatusMark>
          </td>
          <td className={styles.text}>{row.text ?? "no words"}</td>
        </tr>
      ))}
    </Rows>
  );
}

function Errors({ preview: { errors } }: Pick<PreviewPanelProps, "preview">) {
  if (errors.length === 0) return undefined;
  return (
    <Rows
      says="The first rows that are left out"
      columns={["Line", "Field", "Value", "What is wrong"]}
    >
      {errors.map(({ row, line, field, value, message }) => (
        <tr key={`${row} ${field}`} data-testid="preview.error">
          <td>{formatCount(line)}</td>
          <td>{field}</td>
          <td>
            <ErrorValue field={field} value={value} />
          </td>
          <td className={styles.text}>{message}</td>
        </tr>
      ))}
    </Rows>
  );
}

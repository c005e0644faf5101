import { type ReactNode, useId } from "react";
import styles from "./field.module.css";

interface FileFieldProps {
  readonly label: string;
  readonly onChange: (file: File | undefined) => void;
  /** `.csv,.ndjson` */
  readonly accept?: string;
  readonly hint?: ReactNode;
  readonly testId?: string;
}

export function FileField({ label, onChange, accept, hint, testId }: FileFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="file"
        className={styles.file}
        accept={accept}
        aria-describedby={hint === undefined ? undefined : `${id}-more`}
        data-testid={testId}
        onChange={(event) => onChange(event.target.files?.[0])}
      />
      {hint === undefined ? undefined : (
        <p id={`${id}-more`} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}

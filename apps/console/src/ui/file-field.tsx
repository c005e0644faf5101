import { type ReactNode, type RefObject, useId } from "react";
import styles from "./field.module.css";

interface FileFieldProps {
  readonly label: string;
  readonly onChange: (file: File | undefined) => void;
  /** `.csv,.ndjson` */
  readonly accept?: string;
  readonly hint?: ReactNode;
  readonly testId?: string;
  readonly ref?: RefObject<HTMLInputElement | null>;
}

export function FileField({ label, onChange, accept, hint, testId, ref }: FileFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input
        ref={ref}
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

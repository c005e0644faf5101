import { type ComponentProps, type ReactNode, useId } from "react";
import styles from "./field.module.css";

interface TextFieldProps extends Omit<
  ComponentProps<"input">,
  "onChange" | "value" | "className" | "children"
> {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: ReactNode;
  /** What is wrong with it. */
  readonly error?: string | undefined;
  /** Of several lines. */
  readonly rows?: number;
}

export function TextField({ label, value, onChange, hint, error, rows, ...rest }: TextFieldProps) {
  const id = useId();
  const describedBy = error === undefined && hint === undefined ? undefined : `${id}-more`;
  const shared = {
    id,
    value,
    className: styles.input,
    "aria-invalid": error === undefined ? undefined : true,
    "aria-describedby": describedBy,
  } as const;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {rows === undefined ? (
        <input {...rest} {...shared} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <textarea
          {...shared}
          rows={rows}
          name={rest.name}
          required={rest.required}
          data-testid={(rest as { "data-testid"?: string })["data-testid"]}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      {describedBy === undefined ? undefined : (
        <p id={describedBy} className={error === undefined ? styles.hint : styles.error}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

import { useId } from "react";
import styles from "./field.module.css";

interface Option {
  readonly value: string;
  readonly label: string;
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly Option[];
  readonly hint?: string;
  readonly testId?: string;
}

/** The browser's own list: it works with every keyboard, screen reader and phone. */
export function SelectField({ label, value, onChange, options, hint, testId }: SelectFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className={styles.input}
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-more`}
        data-testid={testId}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      {hint === undefined ? undefined : (
        <p id={`${id}-more`} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}

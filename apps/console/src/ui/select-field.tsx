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
  /** What is wrong with it. */
  readonly error?: string | undefined;
  readonly testId?: string;
}

/** The browser's own list: it works with every keyboard, screen reader and phone. */
export function SelectField(props: SelectFieldProps) {
  const { label, value, onChange, options, hint, error, testId } = props;
  const id = useId();
  const more = error ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className={styles.input}
        value={value}
        aria-invalid={error === undefined ? undefined : true}
        aria-describedby={more === undefined ? undefined : `${id}-more`}
        data-testid={testId}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      {more === undefined ? undefined : (
        <p id={`${id}-more`} className={error === undefined ? styles.hint : styles.error}>
          {more}
        </p>
      )}
    </div>
  );
}

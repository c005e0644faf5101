import { type ReactNode, useId } from "react";
import styles from "./field.module.css";

interface CheckboxProps {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly hint?: string;
  readonly disabled?: boolean;
  readonly testId?: string;
}

export function Checkbox({ label, checked, onChange, hint, disabled, testId }: CheckboxProps) {
  const id = useId();
  return (
    <div className={styles.check}>
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={hint === undefined ? undefined : `${id}-more`}
        data-testid={testId}
        onChange={(event) => onChange(event.target.checked)}
      />
      <label htmlFor={id}>{label}</label>
      {hint === undefined ? undefined : (
        <p id={`${id}-more`} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}

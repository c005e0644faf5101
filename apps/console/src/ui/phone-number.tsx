import { useState } from "react";
import { maskNumber } from "./mask-number.ts";
import styles from "./phone-number.module.css";

/** A number or a JID: its last four digits until somebody asks for all of it. */
export function PhoneNumber({
  value,
  testId,
}: {
  readonly value: string;
  readonly testId?: string;
}) {
  const [shown, setShown] = useState(false);
  const masked = maskNumber(value);
  return (
    <button
      type="button"
      className={styles.number}
      aria-label={shown ? `${value}, hide` : `number ending in ${masked.slice(-4)}, show all`}
      data-testid={testId}
      onClick={(event) => {
        event.stopPropagation();
        setShown(!shown);
      }}
    >
      {shown ? value : masked}
    </button>
  );
}

import type { ReactNode } from "react";
import styles from "./button-row.module.css";

interface ButtonRowProps {
  readonly children: ReactNode;
  readonly testId?: string;
}

/** What can be done here. */
export function ButtonRow({ children, testId }: ButtonRowProps) {
  return (
    <div className={styles.row} data-testid={testId}>
      {children}
    </div>
  );
}

import type { ReactNode } from "react";
import styles from "./verdict.module.css";

/** The answer, as one sentence. Screen readers hear it when its text changes, and nothing else of a page by itself. */
export function Verdict({
  children,
  testId,
}: {
  readonly children: ReactNode;
  readonly testId?: string;
}) {
  return (
    <p className={styles.verdict} role="status" aria-live="polite" aria-atomic data-testid={testId}>
      {children}
    </p>
  );
}

import { type ReactNode, useId } from "react";
import styles from "./panel.module.css";

interface PanelProps {
  readonly title: string;
  /** Beside the title. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly testId?: string;
}

/** A part of a page, with a heading of its own. */
export function Panel({ title, aside, children, testId }: PanelProps) {
  const heading = useId();
  return (
    <section className={styles.panel} aria-labelledby={heading} data-testid={testId}>
      <div className={styles.head}>
        <h2 id={heading}>{title}</h2>
        {aside === undefined ? undefined : <div className={styles.aside}>{aside}</div>}
      </div>
      {children}
    </section>
  );
}

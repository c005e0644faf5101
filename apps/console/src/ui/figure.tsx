import type { ReactNode } from "react";
import { AppLink } from "./app-link.tsx";
import styles from "./figure.module.css";

interface FigureProps {
  readonly label: string;
  /** As it is shown. */
  readonly value: ReactNode;
  readonly unit?: string | undefined;
  /** Under the number: the drain time, a share. */
  readonly note?: ReactNode;
  /** The rows behind the number, below `/console`. */
  readonly href?: string | undefined;
  /** Unformatted, for tests. */
  readonly raw?: number | string | null | undefined;
  readonly testId?: string;
}

/** A number with its unit, which links to its rows. */
export function Figure({ label, value, unit, note, href, raw, testId }: FigureProps) {
  const number = (
    <span className={styles.value} data-testid={testId} data-value={raw ?? undefined}>
      {value}
      {unit === undefined ? undefined : <span className={styles.unit}> {unit}</span>}
    </span>
  );
  return (
    <dl className={styles.figure} data-figure>
      <dt className={styles.label}>{label}</dt>
      <dd>
        {href === undefined ? (
          number
        ) : (
          <AppLink className={styles.link} href={href}>
            {number}
          </AppLink>
        )}
        {note === undefined ? undefined : <span className={styles.note}>{note}</span>}
      </dd>
    </dl>
  );
}

/** Figures beside each other, under each other on a phone. */
export function Figures({ children }: { readonly children: ReactNode }) {
  return <div className={styles.figures}>{children}</div>;
}

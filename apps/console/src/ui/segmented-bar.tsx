import { formatCount, formatShare } from "./format.ts";
import styles from "./segmented-bar.module.css";
import type { Role } from "./status-role.ts";

export interface Segment {
  readonly id: string;
  readonly label: string;
  readonly count: number;
  readonly role: Role;
  /** Sets apart what shares a role: a pattern of stripes. */
  readonly striped?: boolean;
}

interface SegmentedBarProps {
  /** What it is a bar of. */
  readonly label: string;
  readonly segments: readonly Segment[];
  readonly testId?: string;
}

/** Counts by outcome beside each other, with their legend: never one percentage. */
export function SegmentedBar({ label, segments, testId }: SegmentedBarProps) {
  const total = segments.reduce((sum, { count }) => sum + count, 0);
  const shown = segments.filter(({ count }) => count > 0);
  return (
    <div data-testid={testId}>
      <div className={styles.bar} aria-hidden>
        {shown.map(({ id, count, role, striped }) => (
          <span
            key={id}
            className={`${styles.segment} ${styles[role]} ${striped === true ? styles.striped : ""}`}
            style={{ flexGrow: count }}
          />
        ))}
      </div>
      <ul className={styles.legend} aria-label={label}>
        {shown.map(({ id, label: name, count, role, striped }) => (
          <li key={id} data-testid={`${testId ?? "bar"}.${id}`} data-value={count}>
            <span
              className={`${styles.swatch} ${styles[role]} ${striped === true ? styles.striped : ""}`}
              aria-hidden
            />
            {name} {formatCount(count)}{" "}
            <span className={styles.share}>{formatShare(count, total)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

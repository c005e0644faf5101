import { Meter as Base } from "@base-ui/react/meter";
import { formatCount } from "./format.ts";
import styles from "./meter.module.css";

interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** In place of "6 of 8". */
  readonly says?: string;
  readonly testId?: string;
}

/** How much of something bounded is used. */
export function Meter({ label, value, max, says, testId }: MeterProps) {
  const text = says ?? `${formatCount(value)} of ${formatCount(max)}`;
  const full = value >= max;
  return (
    <Base.Root
      className={styles.meter}
      value={Math.min(value, max)}
      max={max}
      getAriaValueText={() => text}
      data-testid={testId}
      data-value={value}
    >
      <Base.Label className={styles.label}>{label}</Base.Label>
      <span>{text}</span>
      <Base.Track className={styles.track}>
        <Base.Indicator className={full ? `${styles.used} ${styles.full}` : styles.used} />
      </Base.Track>
    </Base.Root>
  );
}

import { useFrozen } from "../api/hold.ts";
import { useLiveState } from "../api/live.ts";
import { formatClock } from "../ui/format.ts";
import styles from "./live-mark.module.css";

/** Whether what the page shows is of now. */
export function LiveMark() {
  const state = useLiveState();
  const frozen = useFrozen();
  const look = frozen ? "frozen" : state.kind;
  return (
    <span className={`${styles.mark} ${styles[look]}`} data-testid="live" data-state={look}>
      <span className={styles.dot} aria-hidden />
      <span className={look === "live" || look === "connecting" ? styles.word : undefined}>
        {frozen ? "Frozen, p goes on" : wordOf(state)}
      </span>
    </span>
  );
}

function wordOf(state: ReturnType<typeof useLiveState>): string {
  if (state.kind === "live") return "Live";
  if (state.kind === "stopped") return `Live stopped at ${formatClock(state.since)}, retrying`;
  if (state.kind === "outage") return `Redis is silent since ${formatClock(state.since)}`;
  return "Connecting";
}

import { counted, formatDuration } from "../../ui/format.ts";
import { Note } from "../../ui/note.tsx";
import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import styles from "./overview-page.module.css";
import { leftBehind, type Overview, workerName } from "./overview.ts";
import { lossSays } from "./verdict.ts";

/** Who runs devices; who was lost, and who took over. */
export function WorkersPanel({ seen }: { readonly seen: Overview }) {
  const { workers, gone_workers: gone, devices } = seen;
  return (
    <Panel
      title="Workers"
      testId="overview.workers"
      aside={
        devices.unowned === 0 ? undefined : (
          <StatusMark status="unexplained">
            {counted(devices.unowned, "device has", "devices have")} none
          </StatusMark>
        )
      }
    >
      {workers.length === 0 ? (
        <Note role="needs-you">No worker runs: nothing is sent.</Note>
      ) : undefined}
      <ul className={styles.rows} id="workers">
        {workers.map(({ id, state, heartbeat_age_ms: age, lanes }) => (
          <li
            key={id}
            className={styles.row}
            data-testid={`overview.worker.${workerName(id)}`}
            data-state={state}
            data-value={lanes}
          >
            <StatusMark status={state === "alive" ? "connected" : "unexplained"}>
              {workerName(id)}
            </StatusMark>
            <span>{counted(lanes, "device")}</span>
            <span className={styles.quiet}>
              {state === "alive"
                ? `answered ${formatDuration(age)} ago`
                : `silent for ${formatDuration(age)}`}
            </span>
          </li>
        ))}
      </ul>
      {gone.length === 0 ? undefined : (
        <>
          <h3>Gone</h3>
          <ul className={styles.rows}>
            {gone.slice(0, 5).map((one) => (
              <li
                key={one.id}
                className={styles.row}
                data-testid={`overview.gone.${workerName(one.id)}`}
                data-state={leftBehind(one) === 0 ? "taken_over" : "waiting"}
                data-value={one.taken_over}
              >
                <span className={styles.says}>{lossSays(one)}</span>
                <span className={styles.quiet}>
                  last seen <Time at={one.seen_at} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <p className={styles.quiet}>
        {counted(seen.leases_taken, "change")} of owner in the last hour.
      </p>
    </Panel>
  );
}

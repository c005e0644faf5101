import { AppLink } from "../../ui/app-link.tsx";
import { formatCount } from "../../ui/format.ts";
import { Meter } from "../../ui/meter.tsx";
import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { Time } from "../../ui/time.tsx";
import styles from "./overview-page.module.css";
import type { Overview } from "./overview.ts";

interface SeenProps {
  readonly seen: Overview;
}

export function FailuresByCode({ seen }: SeenProps) {
  const { failures, totals } = seen;
  return (
    <Panel title="Failures by code, 1 h" testId="overview.failures">
      {failures.length === 0 ? (
        <p className={styles.quiet}>None failed in the last hour.</p>
      ) : undefined}
      <ul className={styles.rows}>
        {failures.map(({ code, count, since }) => (
          <li key={code} data-testid={`overview.failure.${code}`} data-value={count}>
            <Meter
              label={code}
              value={count}
              max={Math.max(1, totals.failed)}
              says={formatCount(count)}
            />
            <span className={styles.quiet}>
              since <Time at={since} /> ·{" "}
              <AppLink href={`/dead-letters?code=${code}`}>Triage {code}</AppLink>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function DevicesByState({ seen }: SeenProps) {
  const states = Object.entries(seen.devices.by_state).filter(([, count]) => count > 0);
  return (
    <Panel title={`Devices, ${formatCount(seen.devices.total)}`} testId="overview.devices">
      {states.length === 0 ? (
        <p className={styles.quiet}>
          None yet. <AppLink href="/devices?add=yes">Add a device</AppLink>
        </p>
      ) : undefined}
      <ul className={styles.chips}>
        {states.map(([state, count]) => (
          <li key={state} data-testid={`overview.devices.${state}`} data-value={count}>
            <AppLink className={styles.chip} href={`/devices?state=${state}`}>
              <StatusMark status={state} />
              <strong>{formatCount(count)}</strong>
            </AppLink>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Lanes that are stopped while messages wait, by what stops them. */
export function StoppedLanes({ seen }: SeenProps) {
  if (seen.blocked.length === 0) return undefined;
  return (
    <Panel title="What stops lanes" testId="overview.blocked">
      <ul className={styles.rows}>
        {seen.blocked.map(({ reason, lanes, waiting, since }) => (
          <li
            key={reason}
            className={styles.row}
            data-testid={`overview.blocked.${reason}`}
            data-value={waiting}
          >
            <AppLink href={`/devices?blocked_by=${reason}`}>{wordOf(reason)}</AppLink>
            <span>
              {formatCount(waiting)} waiting on {formatCount(lanes)}{" "}
              {lanes === 1 ? "lane" : "lanes"}
            </span>
            {since === null ? undefined : (
              <span className={styles.quiet}>
                since <Time at={since} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

import { Figure, Figures } from "../../ui/figure.tsx";
import { formatCount } from "../../ui/format.ts";
import { Meter } from "../../ui/meter.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Time } from "../../ui/time.tsx";
import { useNow } from "../../ui/use-now.ts";
import { depthSays, type Lane, paceSays } from "./device.ts";
import styles from "./devices.module.css";

/** What waits, how fast it goes, what of the day is left, and who runs it. */
export function LanePanels({ lane }: { readonly lane: Lane }) {
  const now = useNow(10_000);
  const { depth, pace, owner, epoch } = lane;
  return (
    <>
      <Figures>
        <Figure
          label="Waiting"
          value={depthSays(depth.total, lane.eta, now)}
          raw={depth.total}
          href={`/messages?device=${lane.device_id}`}
          note={classesOf(depth)}
          testId="device.depth"
        />
        <Figure
          label="Pace"
          value={paceSays(pace.actual_per_minute, pace.allowed_per_minute)}
          raw={pace.actual_per_minute}
          testId="device.pace.actual"
        />
        <Figure
          label="Owner"
          value={owner ?? "nobody"}
          raw={owner}
          note={epoch === null ? "no lease" : `epoch ${epoch}`}
          href="/#workers"
          testId="device.owner"
        />
      </Figures>
      <Budgets lane={lane} />
    </>
  );
}

function classesOf({ backlog, held, in_window: window }: Lane["depth"]): string {
  const classes = Object.entries(backlog).map(([name, count]) => `${name} ${formatCount(count)}`);
  return [...classes, `held ${formatCount(held)}`, `in hand ${formatCount(window)}`].join(" · ");
}

function Budgets({ lane: { rate, budget } }: { readonly lane: Lane }) {
  const rows = [
    { id: "cold", label: "New chats today", cap: rate.cold_daily_cap, left: budget.cold_left },
    { id: "all", label: "All messages today", cap: rate.daily_cap, left: budget.left },
  ];
  const capped = rows.flatMap(({ cap, left, ...row }) =>
    cap === null || left === null ? [] : [{ ...row, cap, used: cap - left }],
  );
  return (
    <Panel title="Budgets" testId="device.budgets">
      {capped.length === 0 ? (
        <p className={styles.quiet}>No daily limits are set.</p>
      ) : (
        <>
          {capped.map(({ id, label, cap, used }) => (
            <Meter key={id} label={label} value={used} max={cap} testId={`device.budget.${id}`} />
          ))}
          <p className={styles.quiet}>
            Resets <Time at={budget.renews_at} />
          </p>
        </>
      )}
    </Panel>
  );
}

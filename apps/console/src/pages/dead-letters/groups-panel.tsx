import { AppLink } from "../../ui/app-link.tsx";
import { counted, formatCount } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Time } from "../../ui/time.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { CauseBadge } from "./cause-badge.tsx";
import styles from "./groups-panel.module.css";
import { badgeOf, type LetterGroups } from "./judge-cause.ts";
import type { Catalog } from "./use-catalog.ts";

interface GroupsProps {
  readonly groups: LetterGroups;
  readonly catalog: Catalog;
}

/** What failed for one cause, on one device, in one batch. Each group leads to its letters. */
export function GroupsPanel(props: GroupsProps) {
  const [search, change] = useSearchState();
  const { groups } = props;
  const tabs = [
    { id: "cause", label: "Cause", content: <Causes {...props} /> },
    {
      id: "device",
      label: "Device",
      content: (
        <Others
          rows={groups.by_device.map(({ device_id: id, ...row }) => ({ ...row, id }))}
          name="device"
        />
      ),
    },
    {
      id: "batch",
      label: "Batch",
      content: (
        <Others
          rows={groups.by_batch.map(({ batch_id: id, ...row }) => ({ ...row, id }))}
          name="batch"
        />
      ),
    },
  ];
  return (
    <Panel title="What failed" testId="dead.groups">
      <Tabs
        label="Group by"
        tabs={tabs}
        value={search.by ?? "cause"}
        onChange={(by) => change({ by: by === "cause" ? undefined : by })}
      />
      {groups.partial ? (
        <p>Only the newest {formatCount(groups.scanned)} were counted.</p>
      ) : undefined}
    </Panel>
  );
}

function Causes({ groups, catalog }: GroupsProps) {
  const [search] = useSearchState();
  return (
    <ul className={styles.groups}>
      {groups.by_cause.map((cause) => {
        const { error_code: code, effect } = cause;
        const isCurrent = search.code === code && search.effect === effect;
        return (
          <li key={`${code} ${effect}`}>
            <AppLink
              href={`/dead-letters?code=${code}&effect=${effect}`}
              aria-current={isCurrent ? "true" : undefined}
              data-testid={`dead.group.${code}.${effect}`}
            >
              <span className={styles.name}>{code}</span>
              <span className={styles.count} data-value={cause.count}>
                {formatCount(cause.count)}
              </span>
              <span>
                <CauseBadge badge={badgeOf(effect, catalog.get(code))} />
              </span>
              <span className={styles.more}>
                {cause.batches > 0
                  ? counted(cause.batches, "batch", "batches")
                  : counted(cause.devices, "device")}
              </span>
              <span className={styles.more}>
                <Time at={cause.newest} />
              </span>
            </AppLink>
          </li>
        );
      })}
    </ul>
  );
}

interface OthersProps {
  readonly name: "device" | "batch";
  readonly rows: readonly (Omit<LetterGroups["by_device"][number], "device_id"> & {
    readonly id: string;
  })[];
}

function Others({ name, rows }: OthersProps) {
  const [search] = useSearchState();
  if (rows.length === 0) return <p>None of them is of a {name}.</p>;
  return (
    <ul className={styles.groups}>
      {rows.map(({ id, count, possible, newest }) => (
        <li key={id}>
          <AppLink
            href={`/dead-letters?by=${name}&${name}=${id}`}
            aria-current={search[name] === id ? "true" : undefined}
            data-testid={`dead.group.${id}`}
          >
            <span className={styles.name}>{id}</span>
            <span className={styles.count} data-value={count}>
              {formatCount(count)}
            </span>
            <span>
              {possible === 0 ? "none left" : `${formatCount(possible)} may have arrived`}
            </span>
            <span className={styles.more}>
              <Time at={newest} />
            </span>
          </AppLink>
        </li>
      ))}
    </ul>
  );
}

import { formatCount } from "../../ui/format.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { Time } from "../../ui/time.tsx";
import type { Column } from "../../ui/use-table-model.ts";
import { causeSays, type ListedDevice, paceSays, rankOf } from "./device.ts";
import styles from "./devices.module.css";

/** Of the list of devices. */
export const DEVICE_COLUMNS: readonly Column<ListedDevice>[] = [
  {
    id: "state",
    header: "State",
    width: "26ch",
    card: "end",
    sortBy: rankOf,
    cell: (device) => <State device={device} />,
  },
  {
    id: "name",
    header: "Name",
    card: "lead",
    sortBy: ({ name }) => name.toLowerCase(),
    cell: ({ name, device_id: id }) => <span data-testid={`devices.name.${id}`}>{name}</span>,
  },
  {
    id: "waiting",
    header: "Waiting",
    width: "12ch",
    align: "end",
    card: "more-end",
    sortBy: ({ lane }) => lane?.waiting ?? 0,
    cell: ({ lane, device_id: id }) => (
      <span data-testid={`devices.waiting.${id}`} data-value={lane?.waiting}>
        {formatCount(lane?.waiting ?? 0)}
      </span>
    ),
  },
  {
    id: "blocked_by",
    header: "Blocked by",
    width: "16ch",
    card: "more",
    sortBy: ({ lane }) => lane?.blocked_by ?? "",
    cell: ({ lane }) => (lane?.blocked_by ? wordOf(lane.blocked_by) : "–"),
  },
  {
    id: "eta",
    header: "Done",
    width: "14ch",
    card: "none",
    sortBy: ({ lane }) => lane?.eta ?? "",
    cell: ({ lane }) => (lane?.eta ? <Time at={lane.eta} /> : "–"),
  },
  {
    id: "pace",
    header: "Pace",
    width: "22ch",
    card: "none",
    sortBy: ({ lane }) => lane?.actual_per_minute ?? 0,
    cell: ({ lane }) =>
      lane === undefined ? "–" : paceSays(lane.actual_per_minute, lane.allowed_per_minute),
  },
  {
    id: "owner",
    header: "Owner",
    width: "14ch",
    card: "none",
    sortBy: ({ lane }) => lane?.owner ?? "",
    cell: ({ lane }) => lane?.owner?.split("#")[0] ?? "none",
  },
];

function State({ device }: { readonly device: ListedDevice }) {
  const { state, cause, lane, device_id: id } = device;
  const unexplained = lane?.attention === "unexplained_stall";
  const says = causeSays(cause);
  return (
    <span className={styles.state} title={says}>
      {lane?.paused === true && state === "connected" ? (
        <StatusMark status="paused" testId={`devices.state.${id}`}>
          Connected, paused
        </StatusMark>
      ) : (
        <StatusMark status={unexplained ? "unexplained" : state} testId={`devices.state.${id}`} />
      )}
      {says === undefined || state === "connected" ? undefined : (
        <span className={styles.quiet}>{says}</span>
      )}
    </span>
  );
}

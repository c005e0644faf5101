import { useQuery } from "@tanstack/react-query";
import type { Output } from "@pombo/sdk";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { Async } from "../../ui/async.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { counted } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import styles from "./batches.module.css";
import { laneReason } from "./lane-reason.ts";

const POLL_MS = 5_000;

type Lane = Output<"getBatchLanes">["lanes"][number];

/** The devices of the batch, and why each is not sending; those that are stopped first. */
export function BatchLanes({ id }: { readonly id: string }) {
  const lanes = useQuery({
    queryKey: ["batch-lanes", id],
    queryFn: ({ signal }) => pombo.getBatchLanes({ id }, { signal }),
    refetchInterval: usePoll(POLL_MS),
  });
  return (
    <Panel title="Devices, and what they wait for" testId="batch.lanes">
      <Async query={lanes} what="its devices" height={72}>
        {({ lanes: all }) => (
          <ul className={styles.list}>
            {all
              .toSorted((a, b) => Number(b.blocked_by !== null) - Number(a.blocked_by !== null))
              .map((lane) => (
                <LaneLine key={lane.device_id} lane={lane} />
              ))}
          </ul>
        )}
      </Async>
    </Panel>
  );
}

function LaneLine({ lane }: { readonly lane: Lane }) {
  const { device_id: id, name, state, waiting, blocked_by: reason } = lane;
  return (
    <li data-testid={`batch.lane.${id}`} data-state={reason ?? "moving"}>
      <AppLink href={`/devices/${id}`}>{name}</AppLink>
      <StatusMark status={state} />
      <span>
        {laneReason(lane)}
        {reason === null || lane.blocked_since === null ? undefined : (
          <>
            {" Since "}
            <Time at={lane.blocked_since} />.
          </>
        )}
        {lane.until === null ? undefined : (
          <>
            {" Ends in "}
            <Countdown until={lane.until} />.
          </>
        )}
      </span>
      <span className={styles.quiet}>{counted(waiting, "message")} wait on it</span>
    </li>
  );
}

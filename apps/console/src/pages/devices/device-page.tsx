import { useParams } from "@tanstack/react-router";
import { Async } from "../../ui/async.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { Page } from "../../ui/page.tsx";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import { Verdict } from "../../ui/verdict.tsx";
import { DeviceActions } from "./device-actions.tsx";
import { History } from "./history.tsx";
import { LanePanels } from "./lane-panels.tsx";
import { Quarantine } from "./quarantine.tsx";
import { useDevice } from "./use-device.ts";
import { WhyPanel } from "./why-panel.tsx";
import { causeSays, type Device, headlineOf, type Lane } from "./device.ts";
import styles from "./devices.module.css";

/** Why isn't this one sending? */
export function DevicePage() {
  const { id = "" } = useParams({ strict: false });
  const { device, lane, gates, history } = useDevice(id);
  const title = device.data?.name ?? "Device";
  return (
    <Page
      title={title}
      aside={
        device.data === undefined ? undefined : (
          <StatusMark status={device.data.state} testId="device.state" />
        )
      }
    >
      <Async query={device} what="the device" height={120}>
        {(found) => <Head device={found} lane={lane.data} />}
      </Async>
      <Async query={gates} what="why it waits" height={160}>
        {(found) =>
          lane.data === undefined ? undefined : <WhyPanel gates={found} lane={lane.data} />
        }
      </Async>
      <Async query={lane} what="the lane" height={200}>
        {(found) => (
          <>
            <LanePanels lane={found} />
            {device.data === undefined ? undefined : (
              <DeviceActions device={device.data} lane={found} />
            )}
          </>
        )}
      </Async>
      <Async query={history} what="the history" height={160}>
        {({ history: entries }) => <History entries={entries} />}
      </Async>
    </Page>
  );
}

function Head({ device, lane }: { readonly device: Device; readonly lane: Lane | undefined }) {
  const cause = causeSays(device.cause);
  return (
    <>
      {lane === undefined ? undefined : (
        <Verdict testId="device.verdict">{headlineOf(device, lane)}</Verdict>
      )}
      <p className={styles.facts}>
        {device.phone_number === null ? (
          <span>No number yet</span>
        ) : (
          <PhoneNumber value={device.phone_number} testId="device.number" />
        )}
        <span>
          {device.state.replace("_", " ")} <Time at={device.state_since} />
          {cause === undefined ? "" : `, ${cause}`}
        </span>
        <Copyable value={device.device_id} label="device id" testId="device.id" />
      </p>
      {lane !== undefined && lane.depth.earlier_identity > 0 ? (
        <Quarantine device={device} lane={lane} />
      ) : undefined}
    </>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useMissingScope } from "../../api/session.ts";
import { ButtonRow } from "../../ui/button-row.tsx";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { counted } from "../../ui/format.ts";
import { useToast } from "../../ui/toast.tsx";
import type { Device, Lane } from "./device.ts";
import styles from "./devices.module.css";
import { EditPace } from "./edit-pace.tsx";
import { refreshDevice } from "./use-device.ts";

interface ActionsProps {
  readonly device: Device;
  readonly lane: Lane;
}

/** What can be done to a device: nothing that can't be undone without asking first. */
export function DeviceActions({ device, lane }: ActionsProps) {
  const [open, setOpen] = useState<"pace" | "logout" | "delete">();
  const missing = useMissingScope("devices:manage");
  const { act, busy } = useActing(device.device_id);
  const close = (): void => setOpen(undefined);
  return (
    <ButtonRow testId="device.actions">
      <LaneSwitch device={device} lane={lane} act={act} busy={busy} missing={missing} />
      <Button disabledBecause={missing} onClick={() => setOpen("pace")}>
        Edit pace…
      </Button>
      <ConnectionButtons device={device} act={act} busy={busy} missing={missing} />
      <span className={styles.push} />
      {device.phone_number !== null && device.state !== "logged_out" ? (
        <Button variant="danger" disabledBecause={missing} onClick={() => setOpen("logout")}>
          Log out…
        </Button>
      ) : undefined}
      <Button variant="danger" disabledBecause={missing} onClick={() => setOpen("delete")}>
        Delete…
      </Button>
      {open === "pace" ? <EditPace device={device} onClose={close} /> : undefined}
      <LogOut device={device} lane={lane} open={open === "logout"} onClose={close} />
      <Delete device={device} lane={lane} open={open === "delete"} onClose={close} />
    </ButtonRow>
  );
}

interface Act {
  readonly says: string;
  readonly run: () => Promise<unknown>;
  readonly undo?: () => Promise<unknown>;
}

function useActing(id: string) {
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const perform = async (run: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    try {
      await run();
      await refreshDevice(id);
      return true;
    } catch (error) {
      toast({ title: says(error) });
      return false;
    } finally {
      setBusy(false);
    }
  };
  const act = async ({ says: title, run, undo }: Act): Promise<void> => {
    if (!(await perform(run))) return;
    toast({ title, ...(undo === undefined ? {} : { undo: () => void perform(undo) }) });
  };
  return { busy, act: (what: Act) => void act(what) };
}

interface ButtonsProps {
  readonly device: Device;
  readonly act: (what: Act) => void;
  readonly busy: boolean;
  readonly missing: string | undefined;
}

function LaneSwitch({ device, lane, act, busy, missing }: ButtonsProps & { readonly lane: Lane }) {
  const { device_id: id, name } = device;
  const pause = () => pombo.pauseLane({ id });
  const resume = () => pombo.resumeLane({ id });
  return lane.paused ? (
    <Button
      variant="primary"
      busy={busy}
      disabledBecause={missing}
      data-testid="device.resume"
      onClick={() => act({ says: `Resumed ${name}.`, run: resume, undo: pause })}
    >
      Resume lane
    </Button>
  ) : (
    <Button
      busy={busy}
      disabledBecause={missing}
      data-testid="device.pause"
      onClick={() => act({ says: `Paused ${name}.`, run: pause, undo: resume })}
    >
      Pause lane
    </Button>
  );
}

function ConnectionButtons({ device, act, busy, missing }: ButtonsProps) {
  const { device_id: id, name, state } = device;
  if (state === "created" || state === "logged_out" || state === "pairing")
    return (
      <ButtonLink variant="primary" href={`/devices/${id}/pair`} data-testid="device.pair">
        {state === "logged_out" ? "Pair again" : "Pair"}
      </ButtonLink>
    );
  const connect = () => pombo.connectDevice({ id });
  const disconnect = () => pombo.disconnectDevice({ id });
  return state === "disconnected" ? (
    <Button
      variant="primary"
      busy={busy}
      disabledBecause={missing}
      data-testid="device.reconnect"
      onClick={() => act({ says: `Reconnecting ${name}.`, run: connect, undo: disconnect })}
    >
      Reconnect
    </Button>
  ) : (
    <Button
      busy={busy}
      disabledBecause={missing}
      onClick={() =>
        act({ says: `Disconnected ${name}; its messages wait.`, run: disconnect, undo: connect })
      }
    >
      Disconnect
    </Button>
  );
}

type EndProps = ActionsProps & { readonly open: boolean; readonly onClose: () => void };

function LogOut({ device, lane, open, onClose }: EndProps) {
  const { device_id: id, name } = device;
  const toast = useToast();
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Log out ${name}`}
      level={2}
      typed={name}
      effect={`WhatsApp forgets this link. ${counted(lane.depth.total, "message waits", "messages wait")} until the device is paired again with the same phone.`}
      verb="Log out 1 device"
      onConfirm={async () => {
        await pombo.logoutDevice({ id });
        toast({ title: `Logged out ${name}.` });
        await refreshDevice(id);
      }}
      testId="device.logout"
    />
  );
}

function Delete({ device, lane, open, onClose }: EndProps) {
  const { device_id: id, name } = device;
  const navigate = useNavigate();
  const toast = useToast();
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title={`Delete ${name}`}
      level={2}
      typed={name}
      effect={`It is logged out, and ${counted(lane.depth.total, "waiting message is", "waiting messages are")} canceled. Dead letters stay. What WhatsApp has already can’t be recalled.`}
      verb="Delete 1 device"
      onConfirm={async () => {
        await pombo.deleteDevice({ id });
        toast({ title: `Deleted ${name}.` });
        await navigate({ to: "/devices" });
      }}
      testId="device.delete"
    />
  );
}

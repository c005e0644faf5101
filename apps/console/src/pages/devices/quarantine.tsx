import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { useMissingScope } from "../../api/session.ts";
import { ButtonRow } from "../../ui/button-row.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { counted, formatCount } from "../../ui/format.ts";
import { Note } from "../../ui/note.tsx";
import { useToast } from "../../ui/toast.tsx";
import type { Device, Lane } from "./device.ts";
import styles from "./devices.module.css";
import { refreshDevice } from "./use-device.ts";

interface QuarantineProps {
  readonly device: Device;
  readonly lane: Lane;
}

/** Another number was paired: what was accepted under the earlier one waits until somebody decides. */
export function Quarantine({ device, lane }: QuarantineProps) {
  const [asked, setAsked] = useState<"release" | "discard">();
  const missing = useMissingScope("devices:manage");
  const toast = useToast();
  const count = lane.depth.earlier_identity;
  const many = counted(count, "message");
  const id = device.device_id;
  const act = async (): Promise<void> => {
    const { moved } =
      asked === "release" ? await pombo.releaseLane({ id }) : await pombo.discardLane({ id });
    toast({
      title:
        asked === "release"
          ? `Released ${formatCount(moved)}.`
          : `Discarded ${formatCount(moved)}.`,
    });
    await refreshDevice(id);
  };
  return (
    <Note role="waiting">
      <div className={styles.quarantine} data-testid="device.quarantine" data-value={count}>
        <p>
          This device was paired with another phone number. {many} accepted under the earlier one{" "}
          {count === 1 ? "waits" : "wait"}: recipients would get {count === 1 ? "it" : "them"} from
          a number that they may not know.
        </p>
        <ButtonRow>
          <Button
            disabledBecause={missing}
            onClick={() => setAsked("release")}
            data-testid="device.release"
          >
            Release {formatCount(count)}…
          </Button>
          <Button
            variant="danger"
            disabledBecause={missing}
            onClick={() => setAsked("discard")}
            data-testid="device.discard"
          >
            Discard {formatCount(count)}…
          </Button>
        </ButtonRow>
      </div>
      <ConfirmDialog
        open={asked !== undefined}
        onClose={() => setAsked(undefined)}
        title={asked === "release" ? `Release ${many}` : `Discard ${many}`}
        level={2}
        typed={String(count)}
        danger={asked === "discard"}
        effect={
          asked === "release"
            ? `${many} will be sent from the present number, in their order. What may have left under the earlier one stays as it is.`
            : `${many} will be canceled and never sent. That can’t be taken back.`
        }
        verb={
          asked === "release" ? `Release ${formatCount(count)}` : `Discard ${formatCount(count)}`
        }
        onConfirm={act}
        testId="device.quarantine.dialog"
      />
    </Note>
  );
}

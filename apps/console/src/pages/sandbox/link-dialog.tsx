import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Note } from "../../ui/note.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { lookOf } from "../../ui/status-role.ts";
import { TextField } from "../../ui/text-field.tsx";
import { useToast } from "../../ui/toast.tsx";
import type { Device } from "./phones-panel.tsx";
import styles from "./sandbox.module.css";
import { useAct } from "./use-act.ts";

interface LinkDialogProps {
  readonly phone: string;
  readonly devices: readonly Device[];
  readonly onClose: () => void;
}

const UNPAIRED: ReadonlySet<string> = new Set(["created", "pairing", "logged_out"]);

/** The phone scans the QR code of a device that waits for one, or enters its pairing code. */
export function LinkDialog({ phone, devices, onClose }: LinkDialogProps) {
  const waiting = devices.filter(({ state }) => UNPAIRED.has(state));
  const [chosen, setChosen] = useState<string>();
  const [code, setCode] = useState("");
  const { act, busy, failed } = useAct();
  const toast = useToast();
  const device = waiting.find(({ device_id: id }) => id === chosen) ?? waiting[0];
  const link = (work: () => Promise<unknown>): void =>
    act(async () => {
      await work();
      toast({ title: "The device is linked to this phone." });
      onClose();
    });
  const scan = async (): Promise<void> => {
    const id = device?.device_id ?? "";
    if (device?.state !== "pairing") await pombo.connectDevice({ id });
    const { qr } = await pombo.getQr({ id });
    await pombo.scanQr({ phone, qr });
  };
  const none = device === undefined ? "No device waits to be paired." : undefined;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Link a device to this phone"
      testId="sandbox.link"
      actions={
        <>
          <Button onClick={onClose}>Keep as it is</Button>
          <Button variant="primary" busy={busy} disabledBecause={none} onClick={() => link(scan)}>
            Scan its QR code
          </Button>
        </>
      }
    >
      {device === undefined ? (
        <p>
          Every device is paired. <AppLink href="/devices">Create another one</AppLink>, then come
          back.
        </p>
      ) : (
        <SelectField
          label="Device"
          value={device.device_id}
          onChange={setChosen}
          options={waiting.map(({ device_id: id, name, state }) => ({
            value: id,
            label: `${name} (${lookOf(state).word.toLowerCase()})`,
          }))}
        />
      )}
      <div className={styles.code}>
        <TextField
          label="Or its pairing code"
          value={code}
          onChange={setCode}
          autoComplete="off"
          hint="Eight letters and digits, asked for on the device’s pairing page with this phone’s number."
        />
        <Button
          busy={busy}
          disabledBecause={code.trim() === "" ? "Type the code first." : undefined}
          onClick={() => link(() => pombo.enterCode({ phone, code: code.trim() }))}
        >
          Enter the code
        </Button>
      </div>
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </Dialog>
  );
}

import { PomboError } from "@pombo/sdk";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Note } from "../../ui/note.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { useToast } from "../../ui/toast.tsx";
import type { Device } from "./device.ts";
import styles from "./devices.module.css";
import { PACE_FIELDS, type PaceField, readPace, textsOf } from "./pace-fields.ts";
import { refreshDevice } from "./use-device.ts";

interface EditPaceProps {
  readonly device: Device;
  readonly onClose: () => void;
}

/** How fast the device may send. */
export function EditPace({ device, onClose }: EditPaceProps) {
  const [texts, setTexts] = useState(() => textsOf(device.pace));
  const [errors, setErrors] = useState<Readonly<Partial<Record<PaceField, string>>>>({});
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const toast = useToast();
  const id = device.device_id;
  const save = async (): Promise<void> => {
    const read = readPace(texts, device.pace);
    if (read.kind === "refused") return setErrors(read.errors);
    setErrors({});
    setFailed(undefined);
    setBusy(true);
    try {
      await pombo.changeDevice({ id, pace: { ...read.pace, ...mutable(read.pace.warm_up) } });
      toast({ title: `Changed the pace of ${device.name}.` });
      await refreshDevice(id);
      onClose();
    } catch (error) {
      const fields = error instanceof PomboError ? error.validation : [];
      setErrors(
        Object.fromEntries(
          fields.map(({ field, message }) => [field.replace("pace.", ""), message]),
        ),
      );
      if (fields.length === 0) setFailed(says(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Pace of ${device.name}`}
      testId="device.pace"
      actions={
        <>
          <Button onClick={onClose}>Keep</Button>
          <Button variant="primary" busy={busy} onClick={() => void save()}>
            Save pace
          </Button>
        </>
      }
    >
      <p className={styles.quiet}>Empty: as the installation has it. Holds for the next message.</p>
      {PACE_FIELDS.map(({ name, label }) => (
        <TextField
          key={name}
          label={label}
          value={texts[name]}
          onChange={(value) => {
            setTexts((before) => ({ ...before, [name]: value }));
            setErrors((before) => ({ ...before, [name]: undefined }));
          }}
          error={errors[name]}
          inputMode="numeric"
          autoComplete="off"
        />
      ))}
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </Dialog>
  );
}

function mutable(caps: readonly number[] | undefined) {
  return caps === undefined ? {} : { warm_up: [...caps] };
}

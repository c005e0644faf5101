import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/text-field.tsx";

interface AddDeviceProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** A name is all that a device needs; its pairing follows. */
export function AddDevice({ open, onClose }: AddDeviceProps) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const add = async (): Promise<void> => {
    setBusy(true);
    setFailed(undefined);
    try {
      const { device_id: id } = await pombo.createDevice({ name });
      await navigate({ to: `/devices/${id}/pair` });
    } catch (error) {
      setFailed(says(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Add a device"
      testId="devices.adding"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            busy={busy}
            disabledBecause={name.trim() === "" ? "Give it a name first." : undefined}
            onClick={() => void add()}
          >
            Add and pair
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "" && !busy) void add();
        }}
      >
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          error={failed}
          hint="What you call it: sales-3, Support."
          maxLength={100}
          autoComplete="off"
          autoFocus
        />
      </form>
    </Dialog>
  );
}

import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { serverNow } from "../../api/server-clock.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { redeliveredAll, SINCE, sinceOf } from "./webhook-verdict.ts";

interface RedeliverDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly id: string;
  readonly onDone: (title: string) => void;
}

/** All that failed since a time, once more. */
export function RedeliverDialog({ open, onClose, id, onDone }: RedeliverDialogProps) {
  const [hours, setHours] = useState<string>(SINCE[1].value);
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      level={1}
      danger={false}
      title="Redeliver what failed"
      effect={
        <>
          <SelectField
            label="All that failed in"
            value={hours}
            onChange={setHours}
            options={SINCE}
          />
          <p>
            What is parked is tried for another day, what waits for its next try goes now. Each
            keeps its id, so a receiver that knows it already can drop it.
          </p>
        </>
      }
      verb="Redeliver what failed"
      onConfirm={async () => {
        const failed_since = sinceOf(hours, serverNow());
        onDone(redeliveredAll(await pombo.redeliverWebhook({ id, failed_since })));
      }}
      testId="webhook.redeliver-dialog"
    />
  );
}

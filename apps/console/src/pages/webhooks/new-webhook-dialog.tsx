import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { Checkbox } from "../../ui/checkbox.tsx";
import { Choices } from "../../ui/choices.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { SecretDialog } from "./secret-dialog.tsx";

/** Subjects of events; a receiver that wants single types is made by the API. */
const SUBJECTS = [
  ["message.*", "Messages: every change of their status, and what people write"],
  ["device.*", "Devices: connected, disconnected, logged out"],
  ["batch.*", "Batches: progress and end"],
  ["lane.*", "Lanes: blocked and unblocked"],
  ["suppression.*", "Suppressions: added and removed"],
] as const;

interface NewWebhookDialogProps {
  readonly onClose: () => void;
  readonly onCreated: (id: string) => void;
}

/** Makes a webhook, and shows its secret this once. */
export function NewWebhookDialog({ onClose, onCreated }: NewWebhookDialogProps) {
  const [url, setUrl] = useState("");
  const [description, setDescription] = useState("");
  const [events, setEvents] = useState<readonly string[]>([]);
  const create = useMutation({
    mutationFn: () =>
      pombo.createWebhook({
        url: url.trim(),
        ...(description.trim() === "" ? {} : { description: description.trim() }),
        ...(events.length === 0 ? {} : { events: [...events] }),
      }),
  });
  const { data: made } = create;
  if (made !== undefined)
    return (
      <SecretDialog
        secret={made.secret}
        onClose={() => {
          onClose();
          onCreated(made.webhook_id);
        }}
      />
    );
  return (
    <FormDialog
      onClose={onClose}
      title="New webhook"
      testId="webhooks.new-dialog"
      does="Make the webhook"
      busy={create.isPending}
      disabledBecause={url.trim() === "" ? "Type its address first." : undefined}
      onSubmit={() => create.mutate()}
      failed={create.error === null ? undefined : says(create.error)}
    >
      <TextField
        label="Address"
        type="url"
        value={url}
        onChange={setUrl}
        hint="HTTPS, at a public address; in development also this machine."
        autoComplete="off"
        data-testid="webhooks.url"
      />
      <TextField
        label="What it is for"
        value={description}
        onChange={setDescription}
        maxLength={200}
      />
      <Choices legend="What it hears; everything when nothing is chosen">
        {SUBJECTS.map(([subject, label]) => (
          <Checkbox
            key={subject}
            label={label}
            checked={events.includes(subject)}
            onChange={(on) =>
              setEvents(on ? [...events, subject] : events.filter((one) => one !== subject))
            }
          />
        ))}
      </Choices>
    </FormDialog>
  );
}

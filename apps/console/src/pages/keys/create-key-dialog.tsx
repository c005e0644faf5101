import type { Output } from "@pombo/sdk";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { serverNow } from "../../api/server-clock.ts";
import { useSession } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { Checkbox } from "../../ui/checkbox.tsx";
import { Choices } from "../../ui/choices.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Note } from "../../ui/note.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { useSenders } from "../../api/use-senders.ts";
import { type Scope, SCOPES, wrongKey } from "./grants.ts";
import styles from "./keys.module.css";

interface CreateKeyDialogProps {
  readonly onClose: () => void;
  readonly onCreated: () => unknown;
}

interface Form {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly devices: "*" | readonly string[];
  /** Local, as `datetime-local` has it. */
  readonly ends: string;
}

/** Makes a key, and shows it this once. */
export function CreateKeyDialog({ onClose, onCreated }: CreateKeyDialogProps) {
  const session = useSession();
  const limited = session?.devices !== "*";
  const [form, setForm] = useState<Form>({
    name: "",
    scopes: ["messages:send", "messages:read"],
    devices: limited ? [] : "*",
    ends: "",
  });
  const [tried, setTried] = useState(false);
  const wrong = wrongKey(form, serverNow());
  const create = useMutation({
    mutationFn: () =>
      pombo.createApiKey({
        name: form.name.trim(),
        scopes: [...form.scopes],
        devices: form.devices === "*" ? "*" : [...form.devices],
        ...(form.ends === "" ? {} : { expires_at: new Date(form.ends).toISOString() }),
      }),
    onSuccess: onCreated,
  });
  if (create.data !== undefined) return <Shown made={create.data} onClose={onClose} />;
  const submit = (): void => {
    setTried(true);
    if (wrong === undefined) create.mutate();
  };
  return (
    <FormDialog
      onClose={onClose}
      title="New API key"
      testId="keys.new-dialog"
      does="Make the key"
      busy={create.isPending}
      onSubmit={submit}
      failed={create.error === null ? undefined : says(create.error)}
    >
      <Fields form={form} onChange={(next) => setForm({ ...form, ...next })} limited={limited} />
      {tried && wrong !== undefined ? <Note role="needs-you">{wrong}</Note> : undefined}
    </FormDialog>
  );
}

interface FieldsProps {
  readonly form: Form;
  readonly onChange: (change: Partial<Form>) => void;
  /** The own key reaches certain devices only. */
  readonly limited: boolean;
}

function Fields({ form, onChange, limited }: FieldsProps) {
  const held = useSession()?.scopes ?? [];
  const senders = useSenders();
  const devices = (senders.data ?? []).filter(({ id }) => id.startsWith("dev_"));
  return (
    <>
      <TextField
        label="Name"
        value={form.name}
        onChange={(name) => onChange({ name })}
        autoComplete="off"
        data-testid="keys.name"
      />
      <Choices legend="What it may do">
        {SCOPES.map(([scope, says_]) => (
          <Checkbox
            key={scope}
            label={
              <>
                <code>{scope}</code> {says_}
              </>
            }
            disabled={!held.includes(scope)}
            checked={form.scopes.includes(scope)}
            onChange={(on) => onChange({ scopes: toggled(form.scopes, scope, on) })}
          />
        ))}
      </Choices>
      <Choices legend="With which devices">
        <Checkbox
          label="All devices, also later ones"
          disabled={limited}
          checked={form.devices === "*"}
          onChange={(on) => onChange({ devices: on ? "*" : [] })}
        />
        {form.devices === "*" ? undefined : (
          <div className={styles.devices}>
            {devices.map(({ id, name }) => (
              <Checkbox
                key={id}
                label={name}
                checked={form.devices.includes(id)}
                onChange={(on) =>
                  onChange({ devices: toggled(form.devices === "*" ? [] : form.devices, id, on) })
                }
              />
            ))}
          </div>
        )}
      </Choices>
      <TextField
        label="Ends (your time)"
        type="datetime-local"
        value={form.ends}
        onChange={(ends) => onChange({ ends })}
        hint="Empty: never, unless it is revoked."
      />
    </>
  );
}

function toggled<Name extends string>(
  names: readonly Name[],
  name: Name,
  on: boolean,
): readonly Name[] {
  return on ? [...names, name] : names.filter((one) => one !== name);
}

interface ShownProps {
  readonly made: Output<"createApiKey">;
  readonly onClose: () => void;
}

function Shown({ made, onClose }: ShownProps) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={`The key ${made.name}`}
      testId="keys.shown"
      actions={
        <Button variant="primary" onClick={onClose}>
          I have kept it
        </Button>
      }
    >
      <Note role="waiting">
        It is shown this once: Pombo keeps a digest only. If it is lost, revoke it and make another.
      </Note>
      <Copyable value={made.key} label="API key" block testId="keys.key" />
    </Dialog>
  );
}

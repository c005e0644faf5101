import { Checkbox } from "../../ui/checkbox.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { TextField } from "../../ui/text-field.tsx";
import styles from "./batches.module.css";
import type { UploadForm } from "./upload-settings.ts";
import type { Sender } from "../../api/use-senders.ts";

interface SettingsFormProps {
  readonly form: UploadForm;
  readonly onChange: (change: Partial<UploadForm>) => void;
  readonly errors: Readonly<Partial<Record<keyof UploadForm, string>>>;
  /** Undefined while they are asked for. */
  readonly senders: readonly Sender[] | undefined;
}

/** How the rows of the file are to be sent. */
export function SettingsForm({ form, onChange, errors, senders }: SettingsFormProps) {
  return (
    <div className={styles.form}>
      <From {...{ form, onChange, errors, senders }} />
      <TextField
        label="Name, for people"
        value={form.name}
        onChange={(name) => onChange({ name })}
        error={errors.name}
      />
      <div className={styles.whole}>
        <TextField
          label="Template"
          rows={3}
          value={form.template}
          onChange={(template) => onChange({ template })}
          hint="What every row says; {{column}} stands for its value. Empty: each row brings its own text."
          data-testid="upload.template"
        />
      </div>
      <SelectField
        label="Priority"
        value={form.priority}
        onChange={(priority) => onChange({ priority })}
        options={[
          { value: "bulk", label: "Bulk: after everything else" },
          { value: "normal", label: "Normal" },
          { value: "high", label: "High" },
          { value: "otp", label: "One-time passwords: before everything else" },
        ]}
      />
      <SelectField
        label="Left out as duplicates"
        value={form.dedupe}
        onChange={(dedupe) => onChange({ dedupe })}
        options={[
          { value: "client_ref", label: "The same client_ref" },
          { value: "recipient", label: "The same recipient" },
          { value: "none", label: "None" },
        ]}
      />
      <Times {...{ form, onChange, errors, senders }} />
      <Checkbox
        label="Leave out columns that nobody asks for"
        checked={form.ignoreColumns}
        onChange={(ignoreColumns) => onChange({ ignoreColumns })}
      />
      <Checkbox
        label="All or nothing"
        hint="With one bad row nothing is sent."
        checked={form.rejectInvalid}
        onChange={(rejectInvalid) => onChange({ rejectInvalid })}
      />
    </div>
  );
}

/** A list where there is one; a key that may not see devices knows their ids. */
function From({ form, onChange, errors, senders }: SettingsFormProps) {
  if (senders?.length === 0)
    return (
      <TextField
        label="From: id of a device or pool"
        value={form.from}
        onChange={(from) => onChange({ from: from.trim() })}
        error={errors.from}
        autoComplete="off"
        data-testid="upload.from"
      />
    );
  return (
    <SelectField
      label="From"
      value={form.from}
      onChange={(from) => onChange({ from })}
      hint="A device, or a pool of devices that share the rows."
      error={errors.from}
      options={[
        {
          value: "",
          label: senders === undefined ? "Loading the devices …" : "Choose a device or pool",
        },
        ...(senders ?? []).map(({ id, name, state }) => ({
          value: id,
          label: state === undefined || state === "connected" ? name : `${name} (${state})`,
        })),
      ]}
      testId="upload.from"
    />
  );
}

function Times({ form, onChange, errors }: SettingsFormProps) {
  return (
    <>
      <TextField
        label="Not before (your time)"
        type="datetime-local"
        value={form.sendAt}
        onChange={(sendAt) => onChange({ sendAt })}
        error={errors.sendAt}
        hint="Empty: at once."
      />
      <TextField
        label="Expires (your time)"
        type="datetime-local"
        value={form.expiresAt}
        onChange={(expiresAt) => onChange({ expiresAt })}
        error={errors.expiresAt}
        hint="What has not left by then is never sent."
      />
      <TextField
        label="Quiet from (their time)"
        type="time"
        value={form.quietFrom}
        onChange={(quietFrom) => onChange({ quietFrom })}
        error={errors.quietFrom}
        hint="On each recipient’s clock."
      />
      <TextField
        label="Quiet until (their time)"
        type="time"
        value={form.quietTo}
        onChange={(quietTo) => onChange({ quietTo })}
        error={errors.quietTo}
      />
    </>
  );
}

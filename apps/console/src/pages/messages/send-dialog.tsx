import { useRef, useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useMissingScope, useSession } from "../../api/session.ts";
import { type Sender, useSenders } from "../../api/use-senders.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Note } from "../../ui/note.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { lookOf } from "../../ui/status-role.ts";
import { TextField } from "../../ui/text-field.tsx";
import { useGo } from "../../ui/use-go.ts";

interface SendDialogProps {
  readonly open: boolean;
  readonly device: string | undefined;
  readonly onClose: () => void;
}

export function SendDialog(props: SendDialogProps) {
  return props.open ? <Opened {...props} /> : undefined;
}

/** One text to one person. Pressed again after a lost answer, the same words have the same key: they are sent once. */
function Opened({ device, onClose }: SendDialogProps) {
  const go = useGo();
  const [from, setFrom] = useState(device);
  const [to, setTo] = useState("");
  const [text, setText] = useState("");
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const senders = useSenders();
  const likely = useLikely(senders.data ?? []);
  const sender = from ?? likely;
  const missing = missingOf({ sender, to, text });
  const last = useRef({ words: "", idempotencyKey: "" });
  const send = (): void => {
    const words = JSON.stringify([sender, to, text]);
    if (last.current.words !== words) last.current = { words, idempotencyKey: newKey() };
    const { idempotencyKey } = last.current;
    setBusy(true);
    setFailed(undefined);
    pombo
      .sendMessage({ from: sender ?? "", to, text }, { idempotencyKey })
      .then(({ message_id: id }) => go(`/messages/${id}`))
      .catch((error: unknown) => setFailed(says(error)))
      .finally(() => setBusy(false));
  };
  return (
    <FormDialog
      onClose={onClose}
      title="Send a message"
      testId="messages.send"
      does="Send 1 message"
      keeps="Don’t send"
      busy={busy}
      disabledBecause={missing}
      onSubmit={send}
      failed={failed}
    >
      <From choices={senders.data ?? []} value={sender ?? ""} onChange={setFrom} />
      <TextField
        label="Recipient"
        value={to}
        onChange={setTo}
        type="tel"
        autoComplete="off"
        placeholder="+55 11 90000-0002"
        hint="A number in international form, or the id of a group."
      />
      <TextField label="Text" value={text} onChange={setText} rows={4} />
      {senders.error === null ? undefined : <Note role="needs-you">{says(senders.error)}</Note>}
    </FormDialog>
  );
}

/** A device that can send now, or the first that the key is for. */
function useLikely(choices: readonly Sender[]): string | undefined {
  const devices = useSession()?.devices;
  const connected = choices.find(({ state }) => state === "connected") ?? choices[0];
  return connected?.id ?? (devices === "*" ? undefined : devices?.[0]);
}

interface FromProps {
  readonly choices: readonly Sender[];
  readonly value: string;
  readonly onChange: (id: string) => void;
}

/** A list; a key that may not see devices knows their ids. */
function From({ choices, value, onChange }: FromProps) {
  if (useMissingScope("devices:manage") !== undefined)
    return (
      <TextField
        label="From: id of a device or pool"
        value={value}
        onChange={(id) => onChange(id.trim())}
        autoComplete="off"
      />
    );
  return (
    <SelectField
      label="From"
      value={value}
      onChange={onChange}
      options={choices.map(({ id, name, state }) => ({
        value: id,
        label: state === undefined ? name : `${name} (${lookOf(state).word.toLowerCase()})`,
      }))}
    />
  );
}

/** Browsers have `randomUUID` on secure pages only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function missingOf({
  sender,
  to,
  text,
}: {
  readonly sender: string | undefined;
  readonly to: string;
  readonly text: string;
}): string | undefined {
  if (sender === undefined || sender === "")
    return "Say which device sends it; where there is none, pair one first.";
  if (to.trim() === "") return "Say who gets it.";
  return text === "" ? "Say what to send." : undefined;
}

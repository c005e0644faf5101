import { useRef, useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useSenders } from "../../api/use-senders.ts";
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
  const choices = senders.data ?? [];
  const sender =
    from ?? choices.find(({ state }) => state === "connected")?.id ?? choices.at(0)?.id;
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
      <SelectField
        label="From"
        value={sender ?? ""}
        onChange={setFrom}
        options={choices.map(({ id, name, state }) => ({
          value: id,
          label: state === undefined ? name : `${name} (${lookOf(state).word.toLowerCase()})`,
        }))}
      />
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
  if (sender === undefined) return "There is no device that your key sees: pair one first.";
  if (to.trim() === "") return "Say who gets it.";
  return text === "" ? "Say what to send." : undefined;
}

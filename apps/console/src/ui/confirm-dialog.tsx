import { type ReactNode, useState } from "react";
import { says } from "../api/says.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Note } from "./note.tsx";
import { TextField } from "./text-field.tsx";

interface ConfirmDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** 1: the effect is read; 2: a count or a name is typed as well. */
  readonly level: 1 | 2;
  /** What has to be typed on level 2. */
  readonly typed?: string;
  /** How many, who might receive twice, what can't be recalled. */
  readonly effect: ReactNode;
  /** Verb and count: "Discard 214". */
  readonly verb: string;
  /** What the way back says. */
  readonly keep?: string;
  readonly danger?: boolean;
  readonly disabledBecause?: string | undefined;
  /** The dialog closes when it is done, and says why when it fails. */
  readonly onConfirm: () => Promise<unknown>;
  readonly testId?: string;
}

/** Says the effect before the action. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  // Each opening begins anew: nothing typed, nothing failed.
  return props.open ? <Opened {...props} /> : undefined;
}

function Opened({ typed = "", keep = "Keep", danger = true, ...props }: ConfirmDialogProps) {
  const [text, setText] = useState("");
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const missing =
    props.level === 2 && text.trim() !== typed ? `Type ${typed} first.` : props.disabledBecause;
  const confirm = (): void => {
    setBusy(true);
    setFailed(undefined);
    props
      .onConfirm()
      .then(props.onClose, (error: unknown) => setFailed(says(error)))
      .finally(() => setBusy(false));
  };
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={props.title}
      {...(props.testId === undefined ? {} : { testId: props.testId })}
      actions={
        <>
          <Button onClick={props.onClose}>{keep}</Button>
          <Button
            variant={danger ? "danger" : "primary"}
            disabledBecause={missing}
            busy={busy}
            onClick={confirm}
          >
            {props.verb}
          </Button>
        </>
      }
    >
      <div>{props.effect}</div>
      {props.level === 2 ? (
        <TextField
          label={`Type ${typed} to go on`}
          value={text}
          onChange={setText}
          autoComplete="off"
        />
      ) : undefined}
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </Dialog>
  );
}

import { type FormEvent, useState } from "react";
import { pombo } from "../../api/client.ts";
import { useMissingScope } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { Note } from "../../ui/note.tsx";
import { TextField } from "../../ui/text-field.tsx";
import type { Device } from "./phones-panel.tsx";
import type { Place } from "./place.ts";
import styles from "./sandbox.module.css";
import { useAct } from "./use-act.ts";

interface ComposerProps {
  readonly place: Required<Place>;
  /** Whose chat it is; absent: nobody's that Pombo runs. */
  readonly device: Device | undefined;
  readonly tell: (message: string) => void;
}

/** Writes into the chat from either side: Pombo sends to this phone, or the phone writes. */
export function Composer({ place: { phone, chat }, device, tell }: ComposerProps) {
  const [text, setText] = useState("");
  const { act, busy, failed } = useAct();
  const noSend = useMissingScope("messages:send");
  const noWrite = useMissingScope("ops:write");
  const empty = text.trim() === "" ? "Say what to write." : undefined;
  const send = async (): Promise<void> => {
    const { message_id: id } = await pombo.sendMessage({
      from: device?.device_id ?? "",
      to: phone,
      text,
    });
    setText("");
    tell(id);
  };
  const write = async (): Promise<void> => {
    await pombo.writeFromPhone({ phone, to: chat, text });
    setText("");
  };
  const noDevice = device === undefined ? "This chat is with none of your devices." : undefined;
  const whyNot = noSend ?? noDevice ?? empty;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (whyNot === undefined && !busy) act(send);
  };
  return (
    <form className={styles.composer} onSubmit={submit}>
      <TextField label="Message" value={text} onChange={setText} autoComplete="off" />
      <div className={styles.sides}>
        <Button
          type="submit"
          variant="primary"
          busy={busy}
          disabledBecause={whyNot}
          data-testid="sandbox.send"
        >
          Pombo sends it
        </Button>
        <Button
          busy={busy}
          disabledBecause={noWrite ?? empty}
          data-testid="sandbox.write"
          onClick={() => act(write)}
        >
          The phone writes it
        </Button>
      </div>
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </form>
  );
}

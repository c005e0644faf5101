import { useState } from "react";
import { pombo, queries } from "../../api/client.ts";
import { useMissingScope } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { Panel } from "../../ui/panel.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import styles from "./filter-bar.module.css";
import type { MessageDetail } from "./wait-words.ts";
import { useGo } from "../../ui/use-go.ts";

type Change = MessageDetail["changes"]["edit"];

interface ActionsProps {
  readonly message: MessageDetail;
}

/** What may still be done, and until when. Each says its effect first. */
export function MessageActions({ message }: ActionsProps) {
  const mayNot = useMissingScope("messages:send");
  const [search, change] = useSearchState();
  const { cancel, edit, delete: deletion } = message.changes;
  const open = (dialog: string | undefined): void =>
    change({ dialog }, { push: dialog !== undefined });
  const close = (): void => open(undefined);
  return (
    <Panel title="Actions" testId="message.actions">
      <div className={styles.bar}>
        <Action label="Cancel…" change={cancel} mayNot={mayNot} onClick={() => open("cancel")} />
        <Action label="Edit…" change={edit} mayNot={mayNot} onClick={() => open("edit")} />
        <Action
          label="Delete for everyone…"
          change={deletion}
          mayNot={mayNot}
          onClick={() => open("delete")}
        />
      </div>
      <p>
        <Windows edit={edit} deletion={deletion} />
      </p>
      <ConfirmDialog
        open={search.dialog === "cancel"}
        onClose={close}
        title="Cancel the message"
        level={1}
        effect={<p>It has not left. Nobody gets it, and it can’t be brought back.</p>}
        verb="Cancel 1 message"
        onConfirm={() => done(message, pombo.cancelMessage({ id: message.message_id }))}
      />
      <ConfirmDialog
        open={search.dialog === "delete"}
        onClose={close}
        title="Delete for everyone"
        level={2}
        typed="1"
        effect={<p>{deletionEffect(deletion)}</p>}
        verb="Delete 1 message"
        onConfirm={() => done(message, pombo.deleteMessage({ id: message.message_id }))}
      />
      {search.dialog === "edit" ? <EditDialog message={message} onClose={close} /> : undefined}
    </Panel>
  );
}

interface ActionProps {
  readonly label: string;
  readonly change: Change;
  readonly mayNot: string | undefined;
  readonly onClick: () => void;
}

function Action({ label, change, mayNot, onClick }: ActionProps) {
  const because =
    change.how === null ? (change.error ?? "It is not possible any more.") : undefined;
  return (
    <Button disabledBecause={mayNot ?? because} onClick={onClick}>
      {label}
    </Button>
  );
}

function Windows({ edit, deletion }: { readonly edit: Change; readonly deletion: Change }) {
  if (edit.how === null && deletion.how === null) return <>Nothing can be changed any more.</>;
  if (edit.how === "in_place" || deletion.how === "in_place")
    return <>It has not left: it is changed where it waits.</>;
  return (
    <>
      {edit.how === "send" && edit.until !== null ? (
        <>
          Editing: <Countdown until={edit.until} due="over" /> left.{" "}
        </>
      ) : undefined}
      {deletion.how === "send" && deletion.until !== null ? (
        <>
          Deleting: <Countdown until={deletion.until} due="over" /> left.
        </>
      ) : undefined}
    </>
  );
}

function deletionEffect({ how }: Change): string {
  return how === "in_place"
    ? "It has not left. It is canceled, and nobody gets it."
    : "Another message asks the phones to take it away. Who has read it has read it.";
}

function EditDialog({ message, onClose }: ActionsProps & { readonly onClose: () => void }) {
  const go = useGo();
  const [text, setText] = useState(message.text);
  const isSame = text === message.text || text === "";
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title="Edit the text"
      level={1}
      danger={false}
      effect={
        <>
          <TextField label="Text" value={text} onChange={setText} rows={5} />
          <p>
            {message.changes.edit.how === "in_place"
              ? "It has not left: only the new words go out."
              : "Another message carries the edit. The chat marks the text as edited."}
          </p>
        </>
      }
      verb="Edit 1 message"
      disabledBecause={isSame ? "Change the text first." : undefined}
      onConfirm={async () => {
        const changed = await pombo.editMessage({ id: message.message_id, text });
        await done(message);
        if (changed.message_id !== message.message_id) go(`/messages/${changed.message_id}`);
      }}
    />
  );
}

/** The page asks again: what was done shows at once. */
async function done({ message_id: id }: MessageDetail, work?: Promise<unknown>): Promise<void> {
  await work;
  await queries.invalidateQueries({ queryKey: ["message", id] });
}

import type { Input, Output } from "@pombo/sdk";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { pombo, queries } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useMissingScope } from "../../api/session.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { Async } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { formatClock } from "../../ui/format.ts";
import { Note } from "../../ui/note.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { CauseBadge } from "./cause-badge.tsx";
import styles from "./groups-panel.module.css";
import { adviceOf, badgeOf } from "./judge-cause.ts";
import type { Catalog } from "./use-catalog.ts";
import { useGo } from "../../ui/use-go.ts";

type Letter = Output<"getLetter">;

interface LetterDialogProps {
  readonly id: string;
  readonly catalog: Catalog;
  readonly onClose: () => void;
}

/** One letter: why, what was tried, and a way to put it right. */
export function LetterDialog({ id, catalog, onClose }: LetterDialogProps) {
  const letter = useQuery({
    // Not a part of the lists: it is not asked again while it is edited, nor once it has gone.
    queryKey: ["dead-letter", id],
    queryFn: ({ signal }) => pombo.getLetter({ id }, { signal }),
    refetchOnWindowFocus: false,
  });
  if (letter.data !== undefined)
    return <Opened letter={letter.data} catalog={catalog} onClose={onClose} />;
  return (
    <Frame onClose={onClose} actions={<Button onClick={onClose}>Close</Button>}>
      <Async query={letter} what="this letter">
        {() => undefined}
      </Async>
    </Frame>
  );
}

interface FrameProps {
  readonly onClose: () => void;
  readonly actions: ReactNode;
  readonly children: ReactNode;
}

function Frame(props: FrameProps) {
  return <Dialog open wide title="Dead letter" testId="dead.letter" {...props} />;
}

interface OpenedProps {
  readonly letter: Letter;
  readonly catalog: Catalog;
  readonly onClose: () => void;
}

type Edit = Pick<Input<"redriveLetter">, "text" | "url">;

const MEDIA: ReadonlySet<string> = new Set(["image", "video", "audio", "document", "sticker"]);
const WORDLESS: ReadonlySet<string> = new Set([
  "audio",
  "sticker",
  "reaction",
  "delete",
  "location",
]);

function Opened({ letter, catalog, onClose }: OpenedProps) {
  const mayNot = useMissingScope("ops:write");
  const [text, setText] = useState(letter.text);
  const [url, setUrl] = useState("");
  const [asks, setAsks] = useState<"duplicate" | "discard">();
  const redrive = useRedrive(letter, onClose);
  const edit: Edit = {
    ...(text === letter.text ? {} : { text }),
    ...(url === "" ? {} : { url }),
  };
  const isEdited = Object.keys(edit).length > 0;
  const isDuplicate = isEdited && letter.effect === "possible";
  const send = (): void => (isDuplicate ? setAsks("duplicate") : redrive.send(edit));
  return (
    <>
      <Frame
        onClose={onClose}
        actions={
          <>
            <Button onClick={onClose}>Keep</Button>
            <Button variant="danger" disabledBecause={mayNot} onClick={() => setAsks("discard")}>
              Discard 1…
            </Button>
            <Button variant="primary" disabledBecause={mayNot} busy={redrive.busy} onClick={send}>
              {isEdited ? "Edit and send 1 again" : "Send 1 again"}
              {isDuplicate ? "…" : ""}
            </Button>
          </>
        }
      >
        <div className={styles.stack}>
          <Why letter={letter} catalog={catalog} />
          {WORDLESS.has(letter.kind) ? undefined : (
            <TextField
              label="Text"
              value={text}
              onChange={setText}
              rows={4}
              data-testid="dead.text"
            />
          )}
          {MEDIA.has(letter.kind) ? (
            <TextField
              label="Address of the file"
              type="url"
              value={url}
              onChange={setUrl}
              hint="Empty: the file that it had."
              data-testid="dead.url"
            />
          ) : undefined}
          <History letter={letter} />
          {redrive.failed === undefined ? undefined : (
            <Note role="needs-you">{redrive.failed}</Note>
          )}
        </div>
      </Frame>
      <ConfirmDialog
        open={asks === "duplicate"}
        onClose={() => setAsks(undefined)}
        title="Send a second message"
        level={2}
        typed="1"
        effect={
          <p>
            The first one may have arrived. Edited, it goes as a new message: 1 person may get both.
          </p>
        }
        verb="Send 1 again, new id"
        onConfirm={() => redrive.run({ ...edit, accept_duplicate: true })}
      />
      <ConfirmDialog
        open={asks === "discard"}
        onClose={() => setAsks(undefined)}
        title="Discard 1 dead letter"
        level={2}
        typed="1"
        effect={<p>It can’t be sent again afterwards. The message stays readable for a while.</p>}
        verb="Discard 1"
        onConfirm={async () => {
          await pombo.discardLetter({ id: letter.message_id });
          await othersChanged();
          onClose();
        }}
      />
    </>
  );
}

function useRedrive({ message_id: id }: Letter, onClose: () => void) {
  const go = useGo();
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const run = async (edit: Omit<Input<"redriveLetter">, "id">): Promise<void> => {
    const again = await pombo.redriveLetter({ id, ...edit });
    onClose();
    void othersChanged();
    go(`/messages/${again.message_id}`);
  };
  const send = (edit: Edit): void => {
    setBusy(true);
    setFailed(undefined);
    run(edit)
      .catch((error: unknown) => setFailed(says(error)))
      .finally(() => setBusy(false));
  };
  return { run, send, failed, busy };
}

function Why({ letter, catalog }: Pick<OpenedProps, "letter" | "catalog">) {
  const code = letter.last_error?.error_code ?? "SEND_FAILED";
  const badge = badgeOf(letter.effect, catalog.get(code));
  return (
    <>
      <p>
        <CauseBadge badge={badge} /> {code}: {letter.last_error?.error ?? catalog.get(code)?.says}
      </p>
      <p>{adviceOf(code, badge)}</p>
      <p>
        <AppLink href={`/messages/${letter.message_id}`}>Its whole timeline</AppLink>
      </p>
    </>
  );
}

function History({ letter }: Pick<OpenedProps, "letter">) {
  if (letter.history.length === 0) return <p>Nothing was tried.</p>;
  return (
    <table className={styles.history}>
      <caption>What was tried</caption>
      <thead>
        <tr>
          <th scope="col">Attempt</th>
          <th scope="col">Ended</th>
          <th scope="col">Came to</th>
        </tr>
      </thead>
      <tbody>
        {letter.history.map(
          ({ attempt, began_at: began, ended_at: ended, status, error_code: code }) => (
            <tr key={`${attempt} ${String(began)} ${String(ended)}`}>
              <td>{attempt === 0 ? "–" : attempt}</td>
              <td>{ended === null ? "–" : formatClock(Date.parse(ended))}</td>
              <td>{code ?? status}</td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}

/** The letter itself is gone by then: who asks for it once more gets a 404. */
function othersChanged(): Promise<void> {
  return queries.invalidateQueries({
    queryKey: ["dead-letters"],
    predicate: ({ queryKey }) => queryKey[1] !== "one",
  });
}

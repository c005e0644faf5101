import { Button } from "../../ui/button.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Note } from "../../ui/note.tsx";

interface SecretDialogProps {
  /** Nothing is shown without one. */
  readonly secret: string | undefined;
  readonly onClose: () => void;
}

/** The secret by which a receiver verifies what it gets: this once. */
export function SecretDialog({ secret, onClose }: SecretDialogProps) {
  if (secret === undefined) return undefined;
  return (
    <Dialog
      open
      onClose={onClose}
      title="The secret of the webhook"
      testId="webhooks.secret-dialog"
      actions={
        <Button variant="primary" onClick={onClose}>
          I have kept it
        </Button>
      }
    >
      <Note role="waiting">
        It is shown this once. If it is lost, replace it: the old one signs as well for a day.
      </Note>
      <Copyable value={secret} label="secret" block testId="webhooks.secret" />
    </Dialog>
  );
}

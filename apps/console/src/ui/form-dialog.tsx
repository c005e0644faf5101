import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Note } from "./note.tsx";

interface FormDialogProps {
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  /** What the button says that does it. */
  readonly does: string;
  readonly onSubmit: () => void;
  readonly busy: boolean;
  readonly disabledBecause?: string | undefined;
  /** Why it did not work, in a sentence. */
  readonly failed?: string | undefined;
  /** What the button says that changes nothing. */
  readonly keeps?: string;
  readonly testId: string;
}

/** Asks for what an action needs. */
export function FormDialog({
  onClose,
  title,
  children,
  does,
  onSubmit,
  busy,
  disabledBecause,
  failed,
  keeps = "Keep as it is",
  testId,
}: FormDialogProps) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      testId={testId}
      actions={
        <>
          <Button onClick={onClose}>{keeps}</Button>
          <Button
            variant="primary"
            busy={busy}
            disabledBecause={disabledBecause}
            onClick={onSubmit}
          >
            {does}
          </Button>
        </>
      }
    >
      {children}
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </Dialog>
  );
}

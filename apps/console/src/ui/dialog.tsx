import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./dialog.module.css";

interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  /** The buttons, the one that changes nothing first. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  readonly testId?: string;
}

/** Above the page, which keeps still under it; the focus goes back to where it came from. */
export function Dialog({ open, onClose, title, children, actions, wide, testId }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup
          className={wide === true ? `${styles.popup} ${styles.wide}` : styles.popup}
          data-testid={testId}
        >
          <div className={styles.head}>
            <Base.Title className={styles.title}>{title}</Base.Title>
            <Base.Close className={styles.close} aria-label="Close">
              <X aria-hidden size={16} />
            </Base.Close>
          </div>
          <div className={styles.body}>{children}</div>
          {actions === undefined ? undefined : <div className={styles.actions}>{actions}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

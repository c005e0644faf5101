import { Toast as Base } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { type ReactNode, useCallback } from "react";
import styles from "./toast.module.css";

interface NewToast {
  /** What was done: "Paused sales-3." */
  readonly title: string;
  /** Takes it back. */
  readonly undo?: () => void;
  /** It stays until somebody closes it. */
  readonly stays?: boolean;
}

const SHOWN_MS = 6_000;
/** Time enough to notice a mistake and reach the button. */
const UNDO_MS = 15_000;

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  return (
    <Base.Provider timeout={SHOWN_MS} limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport className={styles.viewport}>
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function Toasts() {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => (
    <Base.Root key={toast.id} toast={toast} className={styles.toast} swipeDirection="right">
      <Base.Title className={styles.title} />
      <Base.Action className={styles.action} />
      <Base.Close className={styles.close} aria-label="Close">
        <X aria-hidden size={14} />
      </Base.Close>
    </Base.Root>
  ));
}

/** Only what was done last can be taken back: an older way back would undo something else by now. */
const UNDO_ID = "undo";

/** Tells what was done, with a way back where there is one. */
export function useToast(): (toast: NewToast) => void {
  const { add, close } = Base.useToastManager();
  return useCallback(
    ({ title, undo, stays = false }) => {
      const id = add({
        title,
        ...(undo === undefined ? {} : { id: UNDO_ID }),
        timeout: stays ? 0 : undo === undefined ? SHOWN_MS : UNDO_MS,
        ...(undo === undefined
          ? {}
          : {
              actionProps: {
                children: "Undo",
                onClick: () => {
                  close(id);
                  undo();
                },
              },
            }),
      });
    },
    [add, close],
  );
}

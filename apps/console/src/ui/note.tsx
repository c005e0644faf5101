import type { ReactNode } from "react";
import styles from "./note.module.css";
import type { Role } from "./status-role.ts";

/** A sentence that stands out: what failed, what to know first. Told to screen readers as it appears when somebody is needed. */
export function Note({ role, children }: { readonly role: Role; readonly children: ReactNode }) {
  return (
    <div
      className={`${styles.note} ${styles[role]}`}
      role={role === "needs-you" ? "alert" : undefined}
    >
      {children}
    </div>
  );
}

import {
  Check,
  CheckCheck,
  Circle,
  CircleDot,
  CircleQuestionMark,
  type LucideIcon,
  OctagonAlert,
  TriangleAlert,
} from "lucide-react";
import type { ReactNode } from "react";
import styles from "./status-mark.module.css";
import { type Glyph, lookOf, type Role } from "./status-role.ts";

const ICONS: Readonly<Record<Glyph, LucideIcon>> = {
  circle: Circle,
  dot: CircleDot,
  check: Check,
  "double-check": CheckCheck,
  "filled-double-check": CheckCheck,
  triangle: TriangleAlert,
  question: CircleQuestionMark,
  square: OctagonAlert,
};

interface StatusMarkProps {
  /** Of a message, a device, a batch, a key, a webhook. */
  readonly status: string;
  /** In place of the status' own word. */
  readonly children?: ReactNode;
  /** In place of the status' own. */
  readonly role?: Role;
  readonly testId?: string;
}

/** Icon and word, in the colour of its role. */
export function StatusMark({ status, children, role, testId }: StatusMarkProps) {
  const look = lookOf(status);
  const Icon = ICONS[look.glyph];
  const filled = look.glyph === "filled-double-check" ? styles.filled : "";
  return (
    <span
      className={`${styles.mark} ${styles[role ?? look.role]} ${filled} ${status === "unknown" ? styles.dashed : ""}`}
      data-state={status}
      data-testid={testId}
    >
      <Icon aria-hidden size={14} strokeWidth={2.5} />
      {children ?? look.word}
    </span>
  );
}

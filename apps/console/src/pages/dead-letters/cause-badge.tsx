import { StatusMark } from "../../ui/status-mark.tsx";
import { type Badge, BADGE_WORDS } from "./judge-cause.ts";

const MARKS = {
  safe: { status: "queued", role: "neutral" },
  possible: { status: "unknown", role: "waiting" },
  fix: { status: "failed", role: "needs-you" },
} as const;

export function CauseBadge({ badge }: { readonly badge: Badge }) {
  const { status, role } = MARKS[badge];
  return (
    <StatusMark status={status} role={role} testId={`dead.badge.${badge}`}>
      {BADGE_WORDS[badge]}
    </StatusMark>
  );
}

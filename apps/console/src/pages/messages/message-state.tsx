import { StatusMark } from "../../ui/status-mark.tsx";
import type { MessageRow } from "./message-filter.ts";
import { WAIT_WORDS } from "./wait-words.ts";

/** "Queued" never stands alone: what waits says for what. */
export function MessageState({ row }: { readonly row: Pick<MessageRow, "status" | "blocked_by"> }) {
  const { status, blocked_by: blocker } = row;
  const says = status === "unknown" ? "Unknown" : status === "scheduled" ? "Scheduled" : "Waiting";
  if (blocker === null) return <StatusMark status={status} />;
  if (status === "scheduled") return <StatusMark status="scheduled" />;
  return (
    <StatusMark status={status === "unknown" ? "unknown" : "disconnected"} role="waiting">
      {says}: {WAIT_WORDS[blocker].short}
    </StatusMark>
  );
}

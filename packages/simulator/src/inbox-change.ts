import { isGroupJid } from "./group-jid.ts";
import type { PhoneMessage } from "./phone-message.ts";

/**
 * What an edit, a revoke or a reaction makes of a message on the same phone; undefined when it is about another, or comes
 * from somebody who may not. Only the author edits and revokes; in a group admins revoke too, and the server lets no others.
 */
export function changedBy(message: PhoneMessage, change: PhoneMessage): PhoneMessage | undefined {
  if (change.target !== message.id || change.id === message.id) return undefined;
  if (change.type === "reaction") return { ...message, reactions: reacted(message, change) };
  if (message.revoked_by !== undefined || !mayChange(message, change)) return undefined;
  if (change.type === "revoke") return { ...message, text: "", revoked_by: change.id };
  if (change.type !== "edit") return undefined;
  const earlier = { id: change.id, text: message.text, at: change.received_at };
  return { ...message, text: change.text, edits: [...(message.edits ?? []), earlier] };
}

function mayChange(message: PhoneMessage, { from, to, type }: PhoneMessage): boolean {
  const asAdmin = type === "revoke" && isGroupJid(to);
  return to === message.to && (from === message.from || asAdmin);
}

function reacted(message: PhoneMessage, { from, text }: PhoneMessage): Record<string, string> {
  const { [from]: _, ...others } = message.reactions ?? {};
  return text === "" ? others : { ...others, [from]: text };
}

import type { AcceptedMessageBody, MessageBody } from "@pombo/contract";
import { catalogRow, type MessageContent, targetOf } from "@pombo/domain";
import type { MessageRecord, MessageView, NewMessage } from "@pombo/ledger";
import { instant } from "./answer.ts";

export function renderAccepted(message: MessageRecord): AcceptedMessageBody {
  return {
    success: true,
    message_id: message.id,
    status: message.status,
    device_id: deviceOf(message),
    chat_jid: chatJid(message.recipient),
    created_at: instant(message.createdAt),
    ...targetIdOf(message.content),
  };
}

/** A message that was accepted a moment ago, where it can't be read back. */
export function renderNew({
  id,
  deviceId,
  recipient,
  at,
  sendAt,
  content,
  pooled,
}: NewMessage): AcceptedMessageBody {
  return {
    success: true,
    message_id: id,
    status: sendAt === undefined ? "queued" : "scheduled",
    device_id: pooled === undefined ? deviceId : null,
    chat_jid: chatJid(recipient),
    created_at: instant(at),
    ...targetIdOf(content),
  };
}

/** Null for a message of a pool that may still go to another device: until it is fed. */
export function deviceOf(message: MessageRecord): string | null {
  const { poolId, place, attempts, mayHaveLeft, deviceId } = message;
  const fed = poolId === undefined || place === "window" || attempts > 0 || mayHaveLeft;
  return fed ? deviceId : null;
}

function targetIdOf(content: MessageContent): { readonly target_id?: string } {
  const target = targetOf(content);
  return target === undefined ? {} : { target_id: target.id };
}

export function renderMessage({ message, wait }: MessageView): MessageBody {
  return {
    ...renderAccepted(message),
    kind: message.content.kind,
    pool_id: message.poolId ?? null,
    status_version: message.version,
    timeline: message.timeline.map(({ status, at, attempt, code, late, waitedFor }) => ({
      status,
      at: instant(at),
      ...(attempt === undefined ? {} : { attempt }),
      ...(code === undefined ? {} : { error_code: code }),
      ...(late === undefined ? {} : { late }),
      ...(waitedFor === undefined ? {} : { waited_for: waitedFor }),
    })),
    receipts: message.receipts ?? null,
    attempts: message.attempts,
    next_attempt_at: instantOrNull(message.nextAt),
    ...renderWait(wait),
    last_error: renderError(message.lastError),
    send_at: instantOrNull(message.sendAt),
    expires_at: instantOrNull(message.expiresAt),
    quiet_hours: message.quietHours ?? null,
    client_ref: message.clientRef ?? null,
    metadata: (message.metadata as Record<string, unknown> | undefined) ?? null,
  };
}

/** Why it doesn't move. */
export function renderWait(
  wait: MessageView["wait"],
): Pick<MessageBody, "blocked_by" | "blocked_since" | "eta"> {
  return {
    blocked_by: wait?.blockedBy ?? null,
    blocked_since: instantOrNull(wait?.since),
    eta: instantOrNull(wait?.eta),
  };
}

/** @param recipient digits, or a whole JID */
export function chatJid(recipient: string): string {
  return recipient.includes("@") ? recipient : `${recipient}@s.whatsapp.net`;
}

function renderError(error: MessageRecord["lastError"]): MessageBody["last_error"] {
  if (error === undefined) return null;
  const { code, detail, at } = error;
  return {
    error_code: code,
    error: detail === "" ? catalogRow(code).says : detail,
    at: instant(at),
  };
}

export function instantOrNull(ms: number | undefined): string | null {
  return ms === undefined || ms <= 0 ? null : instant(ms);
}

import { isMessageId, parseRecipient, recipientKey } from "@pombo/domain";
import type { MessageRecord } from "@pombo/ledger";
import { type Answer, json, refuse } from "../../answer.ts";
import type { Call, Handler } from "../../bind-route.ts";
import { chatJid } from "../../render-message.ts";
import { changeMessage, type ChangeDeps } from "../../routes/change-message.ts";
import {
  refuseAtOnce,
  synchronously,
  type SyncDeps,
  type Waiting,
} from "../../send-synchronously.ts";
import { deviceMeant } from "./device.ts";
import { second } from "./second.ts";

export type WutsDeletionDeps = SyncDeps & ChangeDeps;

const absent = { code: "MESSAGE_NOT_FOUND" } as const;

/** `DELETE /messages/delete`: for everyone, or only for the caller, which changes nothing at WhatsApp. */
export function deleteMessage(deps: WutsDeletionDeps): Handler<"wutsDeleteMessage"> {
  return async (call) => {
    const { messageId, chatJid: chat, deleteType = "for_everyone", device_id: named } = call.body;
    const meant = deviceMeant(call.caller, named);
    if (meant.kind === "refused") return meant.answer;
    const parsed = parseRecipient(chat);
    if (parsed.kind === "refused") return refuse(wrongChat(chat, parsed.message));
    const target = isMessageId(messageId) ? await deps.ledger.findMessage(messageId) : undefined;
    const here =
      target?.deviceId === meant.id && target.recipient === recipientKey(parsed.recipient);
    if (target === undefined || !here) return refuse(absent);
    if (deleteType === "for_me")
      return json(200, render(target, { call, began: performance.now() }, deps));
    return deleteForEveryone(target, call, deps);
  };
}

function wrongChat(value: string, why: string) {
  const validation = [{ field: "chatJid", message: `chatJid ${why}`, value }];
  return { code: "INVALID_CHAT_JID", validation } as const;
}

async function deleteForEveryone(
  target: MessageRecord,
  call: Call<"wutsDeleteMessage">,
  deps: WutsDeletionDeps,
): Promise<Answer> {
  const at = { call, began: performance.now() };
  const shown = (): object => render(target, at, deps);
  const waiting: Waiting = {
    ...call,
    deviceId: target.deviceId,
    dialect: "wuts",
    present: ({ sentAt }) => json(sentAt === undefined ? 202 : 200, shown()),
  };
  const route = "wutsDeleteMessage";
  const request = { ...call, route, params: { id: target.id } };
  // What waits still is deleted where it is: for that, nobody needs the device.
  const refused = IN_PLACE.has(target.status)
    ? undefined
    : await refuseAtOnce({ ...request, body: undefined }, waiting, deps);
  if (refused !== undefined) return refused;
  const answering = synchronously(waiting, deps);
  return changeMessage({ kind: "delete" }, { ...request, answering, renderInPlace: shown }, deps);
}

const IN_PLACE: ReadonlySet<string> = new Set(["scheduled", "queued"]);

function render(
  { id, recipient, timeline, createdAt }: MessageRecord,
  { call, began }: { readonly call: Call<"wutsDeleteMessage">; readonly began: number },
  { now, settings }: Pick<WutsDeletionDeps, "now" | "settings">,
): object {
  const sentAt = timeline.find(({ status }) => status === "sent")?.at ?? createdAt;
  const elapsed = now() - sentAt;
  const { deleteType = "for_everyone", reason } = call.body;
  return {
    success: true,
    message_id: id,
    deleted_at: second(now()),
    delete_type: deleteType,
    chat_jid: chatJid(recipient),
    metadata: {
      time_elapsed_minutes: Math.max(0, Math.floor(elapsed / 60_000)),
      within_time_limit: elapsed <= settings.delete_window_ms,
      ...(reason === undefined ? {} : { reason }),
      processing_time_ms: Math.round(performance.now() - began),
    },
  };
}

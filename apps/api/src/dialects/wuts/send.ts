import type { SendMessageInput } from "@pombo/contract";
import { isSettled } from "@pombo/domain";
import { type Answer, json } from "../../answer.ts";
import type { Call, Handler } from "../../bind-route.ts";
import { chatJid } from "../../render-message.ts";
import {
  type Presented,
  sendSynchronously,
  type SyncDeps,
  type Told,
} from "../../send-synchronously.ts";
import { deviceMeant } from "./device.ts";
import { second } from "./second.ts";

type SendName = "wutsSendText";

/** `POST /send/text` */
export function sendText(deps: SyncDeps): Handler<"wutsSendText"> {
  return (call) => {
    const { number: to, text } = call.body;
    return send(call, { route: "wutsSendText", content: { to, text } }, deps);
  };
}

interface Sending {
  readonly route: SendName;
  readonly content: Omit<SendMessageInput, "from">;
}

async function send(
  call: Call<SendName>,
  { route, content }: Sending,
  deps: SyncDeps,
): Promise<Answer> {
  const meant = deviceMeant(call.caller, call.body.device_id);
  if (meant.kind === "refused") return meant.answer;
  const began = performance.now();
  return sendSynchronously(
    {
      ...call,
      body: { ...content, from: meant.id },
      route,
      dialect: "wuts",
      present: (told) => present(told, { now: deps.now(), ms: performance.now() - began }),
    },
    deps,
  );
}

/** 200 once it is acknowledged, else 202 with the status as it is. */
function present(
  told: Told,
  { now, ms }: { readonly now: number; readonly ms: number },
): Presented {
  const { messageId, deviceId, recipient, status, sentAt } = told;
  const sent = sentAt !== undefined && isSettled(status);
  return json(sent ? 200 : 202, {
    success: true,
    message_id: messageId,
    timestamp: second(sentAt ?? now),
    status: sent ? "sent" : status,
    chat_jid: chatJid(recipient),
    metadata: {
      device_id: deviceId,
      processing_time_ms: Math.round(ms),
      sent_at: sentAt === undefined ? null : second(sentAt),
    },
  });
}

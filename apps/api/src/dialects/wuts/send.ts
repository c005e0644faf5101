import {
  type SendMessageInput,
  wutsContact,
  wutsFile,
  wutsLocation,
  wutsPoll,
} from "@pombo/contract";
import { isSettled, type MediaKind } from "@pombo/domain";
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

type FileName =
  | "wutsSendImage"
  | "wutsSendVideo"
  | "wutsSendAudio"
  | "wutsSendDocument"
  | "wutsSendSticker";
type SendName = "wutsSendText" | "wutsSendLocation" | "wutsSendContact" | "wutsSendPoll" | FileName;

/** `POST /send/image`, `…/video`, `…/audio`, `…/document`, `…/sticker` */
export function sendFile(
  route: FileName,
  kind: MediaKind,
  deps: SyncDeps,
): (call: Call<FileName>) => Promise<Answer> {
  return (call) => {
    const file = wutsFile(kind, call.body);
    const content = { to: call.body.number, [kind]: file };
    const { file_name: fileName, mime_type: mimeType } = file;
    const metadata = {
      ...(fileName === undefined ? {} : { file_name: fileName }),
      ...(mimeType === undefined ? {} : { mime_type: mimeType }),
    };
    return send(call, { route, content, render: wholly(metadata) }, deps);
  };
}

/** `POST /send/text` */
export function sendText(deps: SyncDeps): Handler<"wutsSendText"> {
  return (call) => {
    const { number: to, text, mentions, typingDuration = 0, quoted } = call.body;
    const content = {
      to,
      text,
      ...(mentions === undefined ? {} : { mentions }),
      ...(typingDuration > 0 ? { typing_ms: Math.round(typingDuration * 1_000) } : {}),
      ...(quoted === undefined ? {} : { quoted: quotedOf(quoted.key, to) }),
    };
    const metadata = {
      presence_sent: typingDuration > 0,
      presence_duration_seconds: typingDuration,
      mentions_processed: mentions?.length ?? 0,
      quoted_message_found: quoted !== undefined,
    };
    return send(call, { route: "wutsSendText", content, render: wholly(metadata) }, deps);
  };
}

type QuotedKey = NonNullable<Call<"wutsSendText">["body"]["quoted"]>["key"];

/** In a chat with a person, what we did not write that person did. */
function quotedOf(
  { id, fromMe, participant }: QuotedKey,
  to: SendMessageInput["to"],
): NonNullable<SendMessageInput["quoted"]> {
  const author = participant?.split("@")[0] ?? (to.kind === "user" ? to.digits : undefined);
  return fromMe === true || author === undefined
    ? { message_id: id }
    : { message_id: id, participant: author };
}

/** `POST /send/location` */
export function sendLocation(deps: SyncDeps): Handler<"wutsSendLocation"> {
  return (call) => {
    const content = { to: call.body.to, location: wutsLocation(call.body) };
    return sendBriefly(call, { route: "wutsSendLocation", what: "Location", content }, deps);
  };
}

/** `POST /send/contact` */
export function sendContact(deps: SyncDeps): Handler<"wutsSendContact"> {
  return (call) => {
    const content = { to: call.body.to, contact: wutsContact(call.body) };
    return sendBriefly(call, { route: "wutsSendContact", what: "Contact", content }, deps);
  };
}

/** `POST /send/poll` */
export function sendPoll(deps: SyncDeps): Handler<"wutsSendPoll"> {
  return (call) => {
    const { to, options, allow_multiple_answers: multiple = false } = call.body;
    const more = { options_count: options.length, multiple_choice: multiple };
    const content = { to, poll: wutsPoll(call.body) };
    return sendBriefly(call, { route: "wutsSendPoll", what: "Poll", content, more }, deps);
  };
}

interface Sending {
  readonly route: SendName;
  readonly content: Omit<SendMessageInput, "from">;
  readonly render: (told: Told, at: At) => object;
}

interface At {
  /** WhatsApp has acknowledged it. */
  readonly sent: boolean;
  readonly now: number;
  /** Since the request was read. */
  readonly ms: number;
}

interface Briefly {
  readonly route: SendName;
  readonly what: string;
  /** Held against the rules of the native send body by the schema of the route. */
  readonly content: { readonly to: SendMessageInput["to"] } & Readonly<Record<string, unknown>>;
  readonly more?: object;
}

function sendBriefly(
  call: Call<SendName>,
  { route, what, content, more = {} }: Briefly,
  deps: SyncDeps,
): Promise<Answer> {
  const render = (told: Told, { sent, now }: At): object => ({
    ...head(told, { sent, now }),
    message: `${what} ${sent ? "sent successfully" : "accepted"}`,
    ...more,
  });
  return send(call, { route, content, render }, deps);
}

async function send(
  call: Call<SendName>,
  { route, content, render }: Sending,
  deps: SyncDeps,
): Promise<Answer> {
  const meant = deviceMeant(call.caller, call.body.device_id);
  if (meant.kind === "refused") return meant.answer;
  const began = performance.now();
  const present = (told: Told): Presented => {
    const sent = told.sentAt !== undefined && isSettled(told.status);
    const at = { sent, now: deps.now(), ms: Math.round(performance.now() - began) };
    return json(sent ? 200 : 202, render(told, at));
  };
  const body = { ...content, from: meant.id };
  return sendSynchronously({ ...call, body, route, dialect: "wuts", present }, deps);
}

/** 200 says that it is sent, whatever more is known by then; else the status is as it is. */
function head({ messageId, status, sentAt }: Told, { sent, now }: Pick<At, "sent" | "now">) {
  return {
    success: true,
    message_id: messageId,
    timestamp: second(sentAt ?? now),
    status: sent ? "sent" : status,
  };
}

function wholly(metadata: object): Sending["render"] {
  return (told, at) => ({
    ...head(told, at),
    chat_jid: chatJid(told.recipient),
    metadata: {
      device_id: told.deviceId,
      processing_time_ms: at.ms,
      ...metadata,
      sent_at: told.sentAt === undefined ? null : second(told.sentAt),
    },
  });
}

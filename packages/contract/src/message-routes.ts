import type { Settings } from "@pombo/domain";
import {
  acceptedMessage,
  message,
  messageParams,
  messageQuery,
  sendMessageBody,
} from "./message.ts";
import type { Route } from "./route.ts";

/** What can become of a message while its sender waits. */
const OUTCOMES = [
  "RECIPIENT_NOT_ON_WHATSAPP",
  "RECIPIENT_REFUSED",
  "SEND_REJECTED",
  "SEND_FAILED",
  "STALE_ADDRESSING",
  "MESSAGE_EXPIRED",
  "MESSAGE_CANCELED",
  "ACCOUNT_RESTRICTED",
  "CLIENT_ERROR",
  "DEVICE_ERROR",
] as const;

export function messageRoutes(settings: Settings) {
  return {
    sendMessage: {
      method: "POST",
      path: "/v1/messages",
      auth: "messages:send",
      summary: "Send a message",
      body: sendMessageBody(settings),
      creates: true,
      waits: true,
      answers: {
        202: {
          says: "Accepted: it will be sent, or its failure reported.",
          schema: acceptedMessage,
        },
        200: { says: "Sent within the wait that `Prefer` asked for.", schema: message },
      },
      errors: [
        "DEVICE_NOT_FOUND",
        "IDEMPOTENCY_KEY_REUSED",
        "IDEMPOTENCY_KEY_IN_PROGRESS",
        "INVALID_CHAT_JID",
        ...OUTCOMES,
      ],
    },
    getMessage: {
      method: "GET",
      path: "/v1/messages/:id",
      auth: "messages:read",
      summary: "Read a message, or wait for its next change",
      params: messageParams,
      query: messageQuery(settings),
      answers: { 200: { says: "The message.", schema: message } },
      errors: ["MESSAGE_NOT_FOUND"],
    },
  } as const satisfies Record<string, Route>;
}

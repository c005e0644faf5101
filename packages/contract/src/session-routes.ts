import type { Settings } from "@pombo/domain";
import { messageParams } from "./message.ts";
import type { Route } from "./route.ts";
import {
  sessionMessage,
  sessionMessagesQuery,
  sessionPage,
  sessionReceivedQuery,
  sessionSent,
  sessionTextBody,
} from "./session.ts";
import { SYNC_OUTCOMES } from "./sync-outcomes.ts";

/** The session dialect: everything under /api/v1, for the one device that the key is bound to. */
export function sessionRoutes(settings: Settings) {
  return {
    sessionSendText: {
      method: "POST",
      path: "/api/v1/messages/text",
      auth: "messages:send",
      summary: "Send a text and wait for WhatsApp's ack",
      body: sessionTextBody(settings),
      creates: true,
      waits: true,
      answers: {
        201: {
          says: "Sent, or accepted: the status tells. It will be sent, or its failure reported.",
          schema: sessionSent,
        },
      },
      errors: [...SYNC_OUTCOMES, "NO_SESSION"],
    },
    sessionListMessages: {
      method: "GET",
      path: "/api/v1/messages",
      auth: "messages:read",
      summary: "What was sent and received, newest first",
      query: sessionMessagesQuery,
      answers: { 200: { says: "A page.", schema: sessionPage } },
      errors: ["NO_SESSION", "DEVICE_NOT_FOUND"],
    },
    sessionListReceived: {
      method: "GET",
      path: "/api/v1/messages/received",
      auth: "messages:read",
      summary: "What was received, newest first",
      query: sessionReceivedQuery,
      answers: { 200: { says: "A page.", schema: sessionPage } },
      errors: ["NO_SESSION", "DEVICE_NOT_FOUND"],
    },
    sessionGetMessage: {
      method: "GET",
      path: "/api/v1/messages/:id",
      auth: "messages:read",
      summary: "Read a message by the id that the send returned",
      params: messageParams,
      answers: { 200: { says: "The message.", schema: sessionMessage } },
      errors: ["NO_SESSION", "DEVICE_NOT_FOUND", "MESSAGE_NOT_FOUND"],
    },
  } as const satisfies Record<string, Route>;
}

import type { Settings } from "@pombo/domain";
import type { Route } from "./route.ts";
import { sessionSent, sessionTextBody } from "./session.ts";
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
  } as const satisfies Record<string, Route>;
}

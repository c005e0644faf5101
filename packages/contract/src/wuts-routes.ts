import type { ErrorCode, Settings } from "@pombo/domain";
import type { Route } from "./route.ts";
import { SYNC_OUTCOMES } from "./sync-outcomes.ts";
import { WUTS_DEVICE_ROUTES } from "./wuts-device-routes.ts";
import { wutsSent, wutsTextBody } from "./wuts.ts";

const SEND = {
  method: "POST",
  auth: "messages:send",
  creates: true,
  waits: true,
  answers: {
    200: { says: "WhatsApp has acknowledged it.", schema: wutsSent },
    202: {
      says: "Accepted; no ack within the wait. It will be sent, or its failure reported.",
      schema: wutsSent,
    },
  },
  errors: SYNC_OUTCOMES satisfies readonly ErrorCode[],
} as const;

/** The wuts dialect: everything at the root. */
export function wutsRoutes(settings: Settings) {
  return {
    ...WUTS_DEVICE_ROUTES,
    wutsSendText: {
      ...SEND,
      path: "/send/text",
      summary: "Send a text and wait for WhatsApp's ack",
      body: wutsTextBody(settings),
    },
  } as const satisfies Record<string, Route>;
}

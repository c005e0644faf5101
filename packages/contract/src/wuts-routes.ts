import type { MediaKind, Settings } from "@pombo/domain";
import type { Route } from "./route.ts";
import { SYNC_OUTCOMES } from "./sync-outcomes.ts";
import { WUTS_DEVICE_ROUTES } from "./wuts-device-routes.ts";
import {
  wutsContactBody,
  wutsDeleteBody,
  wutsDeleted,
  wutsFileBody,
  wutsLocationBody,
  wutsPollBody,
  wutsSent,
  wutsSentBriefly,
  wutsTextBody,
} from "./wuts-send.ts";

const UNACKED = "Accepted; no ack within the wait. It will be sent, or its failure reported.";

const SEND = {
  method: "POST",
  auth: "messages:send",
  creates: true,
  waits: true,
  answers: {
    200: { says: "WhatsApp has acknowledged it.", schema: wutsSent },
    202: { says: UNACKED, schema: wutsSent },
  },
  errors: [...SYNC_OUTCOMES, "MESSAGE_NOT_FOUND"],
} as const;

const SEND_BRIEFLY = {
  ...SEND,
  answers: {
    200: { says: "WhatsApp has acknowledged it.", schema: wutsSentBriefly },
    202: { says: UNACKED, schema: wutsSentBriefly },
  },
} as const;

function sendFile<Kind extends MediaKind>(kind: Kind, settings: Settings) {
  return {
    ...SEND,
    path: `/send/${kind}`,
    summary: `Send ${kind === "image" || kind === "audio" ? "an" : "a"} ${kind} and wait for WhatsApp's ack`,
    body: wutsFileBody(kind, settings),
    carriesFile: true,
    errors: [...SEND.errors, "MEDIA_UNACCEPTABLE", "MEDIA_UPLOAD_FAILED"],
  } as const;
}

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
    wutsSendImage: sendFile("image", settings),
    wutsSendVideo: sendFile("video", settings),
    wutsSendAudio: sendFile("audio", settings),
    wutsSendDocument: sendFile("document", settings),
    wutsSendSticker: sendFile("sticker", settings),
    wutsSendLocation: {
      ...SEND_BRIEFLY,
      path: "/send/location",
      summary: "Send a place and wait for WhatsApp's ack",
      body: wutsLocationBody(settings),
    },
    wutsSendContact: {
      ...SEND_BRIEFLY,
      path: "/send/contact",
      summary: "Send a contact card and wait for WhatsApp's ack",
      body: wutsContactBody(settings),
    },
    wutsSendPoll: {
      ...SEND_BRIEFLY,
      path: "/send/poll",
      summary: "Send a poll and wait for WhatsApp's ack",
      body: wutsPollBody(settings),
    },
    wutsDeleteMessage: {
      ...SEND,
      method: "DELETE",
      path: "/messages/delete",
      summary: "Delete a message for everyone",
      body: wutsDeleteBody,
      answers: {
        200: { says: "Deleted.", schema: wutsDeleted },
        202: { says: UNACKED, schema: wutsDeleted },
      },
      errors: [
        ...SYNC_OUTCOMES,
        "MESSAGE_NOT_FOUND",
        "CONFLICT",
        "MISSING_REQUIRED_FIELDS",
        "IDEMPOTENCY_KEY_IN_PROGRESS",
        "DELETE_TIME_EXPIRED",
        "DELETE_FAILED",
      ],
    },
  } as const satisfies Record<string, Route>;
}

import type { Settings } from "@pombo/domain";
import { groupQuery } from "./directory.ts";
import {
  acceptedMessage,
  changedMessage,
  editBody,
  message,
  messageDetail,
  messagePage,
  messageParams,
  messageQuery,
  messagesQuery,
  sendMessageBody,
  statusList,
  statusPoll,
} from "./message.ts";
import type { Route } from "./route.ts";

/** What can become of a message while its sender waits. */
const OUTCOMES = [
  "RECIPIENT_NOT_ON_WHATSAPP",
  "RECIPIENT_SUPPRESSED",
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

const CHANGE = { params: messageParams, creates: true, waits: true } as const;
const CHANGED = {
  202: { says: "Accepted: a message of its own carries the change.", schema: acceptedMessage },
  200: {
    says: "Changed where it waits (`applied`), or sent within the wait that `Prefer` asked for.",
    schema: changedMessage,
  },
} as const;
const TARGET_ERRORS = [
  "MESSAGE_NOT_FOUND",
  "CONFLICT",
  "MISSING_REQUIRED_FIELDS",
  "IDEMPOTENCY_KEY_REUSED",
  "IDEMPOTENCY_KEY_IN_PROGRESS",
] as const;

/** Those that no limit changes. */
const MESSAGE_ROUTES = {
  listMessages: {
    method: "GET",
    path: "/v1/messages",
    auth: "messages:read",
    summary: "List messages, newest first",
    query: messagesQuery,
    answers: { 200: { says: "A page of messages.", schema: messagePage } },
    errors: ["DEVICE_NOT_FOUND", "BATCH_NOT_FOUND", "INVALID_CHAT_JID"],
  },
  getMessageMedia: {
    method: "GET",
    path: "/v1/messages/:id/media",
    auth: "messages:read",
    summary: "The file of a received message, fetched from WhatsApp when it is first asked for",
    params: messageParams,
    query: groupQuery,
    answers: { 200: { says: "The file.", alternatives: ["application/octet-stream"] } },
    errors: [
      "DEVICE_NOT_FOUND",
      "MESSAGE_NOT_FOUND",
      "NOT_FOUND",
      "MEDIA_UNACCEPTABLE",
      "UPSTREAM_FAILED",
      "DEVICE_NOT_READY",
      "DEVICE_DISCONNECTED",
      "DEVICE_ERROR",
    ],
  },
  pollMessages: {
    method: "POST",
    path: "/v1/messages/status",
    auth: "messages:read",
    summary: "The statuses of many messages",
    body: statusPoll,
    answers: { 200: { says: "A status for each id.", schema: statusList } },
    errors: [],
  },
  cancelMessage: {
    method: "POST",
    path: "/v1/messages/:id/cancel",
    auth: "messages:send",
    summary: "Cancel a message that has not left",
    params: messageParams,
    answers: { 200: { says: "Canceled.", schema: message } },
    errors: ["MESSAGE_NOT_FOUND", "CONFLICT"],
  },
} as const satisfies Record<string, Route>;

export function messageRoutes(settings: Settings) {
  return {
    ...MESSAGE_ROUTES,
    sendMessage: {
      method: "POST",
      path: "/v1/messages",
      auth: "messages:send",
      summary: "Send a message",
      body: sendMessageBody(settings),
      carriesFile: true,
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
        "MISSING_REQUIRED_FIELDS",
        "MESSAGE_NOT_FOUND",
        "CONFLICT",
        ...OUTCOMES,
      ],
    },
    editMessage: {
      ...CHANGE,
      method: "PATCH",
      path: "/v1/messages/:id",
      auth: "messages:send",
      summary: "Edit a text",
      body: editBody(settings),
      answers: CHANGED,
      errors: [...TARGET_ERRORS, "EDIT_TIME_EXPIRED", "EDIT_FAILED", ...OUTCOMES],
    },
    deleteMessage: {
      ...CHANGE,
      method: "DELETE",
      path: "/v1/messages/:id",
      auth: "messages:send",
      summary: "Delete a message for everyone",
      answers: CHANGED,
      errors: [...TARGET_ERRORS, "DELETE_TIME_EXPIRED", "DELETE_FAILED", ...OUTCOMES],
    },
    getMessage: {
      method: "GET",
      path: "/v1/messages/:id",
      auth: "messages:read",
      summary: "Read a message, or wait for its next change",
      params: messageParams,
      query: messageQuery(settings),
      answers: { 200: { says: "The message.", schema: messageDetail } },
      errors: ["MESSAGE_NOT_FOUND"],
    },
  } as const satisfies Record<string, Route>;
}

import { deviceParams } from "./device.ts";
import {
  checkBody,
  checkedContacts,
  group,
  groupList,
  groupParams,
  groupQuery,
  historyAsked,
  historyBody,
} from "./directory.ts";
import type { Route } from "./route.ts";

/** What only the owner of a device can find out. */
const ASKED = [
  "DEVICE_NOT_FOUND",
  "DEVICE_NOT_READY",
  "DEVICE_DISCONNECTED",
  "DEVICE_ERROR",
] as const;

export const DIRECTORY_ROUTES = {
  listGroups: {
    method: "GET",
    path: "/v1/devices/:id/groups",
    auth: "messages:read",
    summary: "The groups that a device is in",
    params: deviceParams,
    answers: { 200: { says: "The groups, at most a minute old.", schema: groupList } },
    errors: [...ASKED, "SEND_FAILED", "THROTTLED"],
  },
  getGroup: {
    method: "GET",
    path: "/v1/groups/:jid",
    auth: "messages:read",
    summary: "One group and its participants",
    params: groupParams,
    query: groupQuery,
    answers: { 200: { says: "The group.", schema: group } },
    errors: [...ASKED, "INVALID_CHAT_JID", "SEND_REJECTED", "SEND_FAILED", "THROTTLED"],
  },
  checkContacts: {
    method: "POST",
    path: "/v1/contacts/check",
    auth: "messages:send",
    summary: "Which numbers are on WhatsApp",
    body: checkBody,
    answers: { 200: { says: "What is known of each number.", schema: checkedContacts } },
    errors: ["DEVICE_NOT_FOUND"],
  },
  syncHistory: {
    method: "POST",
    path: "/v1/devices/:id/history-sync",
    auth: "devices:manage",
    summary: "Ask the account's phone for older messages of a chat",
    params: deviceParams,
    body: historyBody,
    answers: { 200: { says: "WhatsApp took the question.", schema: historyAsked } },
    errors: [...ASKED, "SYNC_REQUEST_FAILED", "MESSAGE_NOT_FOUND", "INVALID_CHAT_JID"],
  },
} as const satisfies Record<string, Route>;

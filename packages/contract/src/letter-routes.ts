import type { Settings } from "@pombo/domain";
import {
  bulkBody,
  byId,
  discarded,
  letter,
  letterGroups,
  letterGroupsQuery,
  letterPage,
  lettersQuery,
  operation,
  operationList,
  operationStarted,
  redriveBody,
  redriven,
} from "./letter.ts";
import type { Route } from "./route.ts";

/** Dead letters, and the operations over many of them. Fixed addresses stand before `:id`. */
const LETTER_ROUTES = {
  listLetters: {
    method: "GET",
    path: "/v1/dead-letters",
    auth: "ops:read",
    summary: "List dead letters, newest first",
    query: lettersQuery,
    answers: { 200: { says: "A page of letters.", schema: letterPage } },
    errors: [],
  },
  groupLetters: {
    method: "GET",
    path: "/v1/dead-letters/groups",
    auth: "ops:read",
    summary: "Count dead letters by cause, by code, by device and by batch",
    query: letterGroupsQuery,
    answers: { 200: { says: "The groups, the largest first.", schema: letterGroups } },
    errors: [],
  },
  redriveLetters: {
    method: "POST",
    path: "/v1/dead-letters/redrive",
    auth: "ops:write",
    summary: "Send many dead letters again",
    body: bulkBody,
    creates: true,
    answers: { 202: { says: "Begun; follow the operation.", schema: operationStarted } },
    errors: ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_IN_PROGRESS"],
  },
  discardLetters: {
    method: "POST",
    path: "/v1/dead-letters/discard",
    auth: "ops:write",
    summary: "Discard many dead letters",
    body: bulkBody,
    creates: true,
    answers: { 202: { says: "Begun; follow the operation.", schema: operationStarted } },
    errors: ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_IN_PROGRESS"],
  },
  getLetter: {
    method: "GET",
    path: "/v1/dead-letters/:id",
    auth: "ops:read",
    summary: "Read a dead letter with what was tried",
    params: byId,
    answers: { 200: { says: "The letter.", schema: letter } },
    errors: ["MESSAGE_NOT_FOUND"],
  },
  discardLetter: {
    method: "POST",
    path: "/v1/dead-letters/:id/discard",
    auth: "ops:write",
    summary: "Discard a dead letter; the message stays readable for a while",
    params: byId,
    answers: { 200: { says: "Discarded.", schema: discarded } },
    errors: ["MESSAGE_NOT_FOUND", "CONFLICT"],
  },
  listOperations: {
    method: "GET",
    path: "/v1/operations",
    auth: "ops:read",
    summary: "Operations that are running",
    answers: { 200: { says: "At most 100, the oldest first.", schema: operationList } },
    errors: [],
  },
  getOperation: {
    method: "GET",
    path: "/v1/operations/:id",
    auth: "ops:read",
    summary: "How far an operation is",
    params: byId,
    answers: { 200: { says: "The operation.", schema: operation } },
    errors: ["NOT_FOUND"],
  },
} as const satisfies Record<string, Route>;

export function letterRoutes(settings: Settings) {
  return {
    ...LETTER_ROUTES,
    redriveLetter: {
      method: "POST",
      path: "/v1/dead-letters/:id/redrive",
      auth: "ops:write",
      summary: "Send a dead letter again, edited or as it was",
      params: byId,
      body: redriveBody(settings),
      bodyOptional: true,
      answers: { 202: { says: "On its way again.", schema: redriven } },
      errors: ["MESSAGE_NOT_FOUND", "CONFLICT"],
    },
  } as const satisfies Record<string, Route>;
}

import { operationStarted } from "./letter.ts";
import type { Route } from "./route.ts";
import {
  addedSuppressions,
  addSuppressionsBody,
  importedSuppressions,
  personParams,
  removedSuppression,
  suppression,
  suppressionPage,
  suppressionParams,
  suppressionsQuery,
} from "./suppression.ts";

/** The list of those to whom nothing is sent. Fixed addresses stand before `:number`. */
export const SUPPRESSION_ROUTES = {
  addSuppressions: {
    method: "POST",
    path: "/v1/suppressions",
    auth: "ops:write",
    summary: "Put recipients on the suppression list: nothing is sent to them any more",
    body: addSuppressionsBody,
    creates: true,
    answers: { 200: { says: "They are on the list.", schema: addedSuppressions } },
    errors: ["INVALID_CHAT_JID", "IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_IN_PROGRESS"],
  },
  importSuppressions: {
    method: "POST",
    path: "/v1/suppressions/import",
    auth: "ops:write",
    summary: "Put the recipients of a CSV file on the suppression list",
    takesBytes: true,
    answers: {
      200: { says: "The valid rows are on the list.", schema: importedSuppressions },
    },
    errors: [
      "PAYLOAD_TOO_LARGE",
      "UNSUPPORTED_MEDIA_TYPE",
      "INVALID_JSON",
      "INVALID_REQUEST_FORMAT",
      "VALIDATION_ERROR",
    ],
  },
  listSuppressions: {
    method: "GET",
    path: "/v1/suppressions",
    auth: "ops:read",
    summary: "The suppression list, newest first",
    query: suppressionsQuery,
    answers: { 200: { says: "A page of the list.", schema: suppressionPage } },
    errors: [],
  },
  getSuppression: {
    method: "GET",
    path: "/v1/suppressions/:number",
    auth: "ops:read",
    summary: "Whether a recipient is on the suppression list",
    params: suppressionParams,
    answers: { 200: { says: "It is, since then.", schema: suppression } },
    errors: ["NOT_FOUND", "INVALID_CHAT_JID"],
  },
  removeSuppression: {
    method: "DELETE",
    path: "/v1/suppressions/:number",
    auth: "ops:write",
    summary: "Take a recipient off the suppression list",
    params: suppressionParams,
    answers: { 200: { says: "Removed.", schema: removedSuppression } },
    errors: ["NOT_FOUND", "INVALID_CHAT_JID"],
  },
  eraseContact: {
    method: "DELETE",
    path: "/v1/contacts/:number/data",
    auth: "ops:write",
    summary: "Erase a person: everything that holds the number, of all devices",
    params: personParams,
    answers: { 202: { says: "Begun; follow the operation.", schema: operationStarted } },
    errors: ["INVALID_CHAT_JID", "FORBIDDEN"],
  },
} as const satisfies Record<string, Route>;

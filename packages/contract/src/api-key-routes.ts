import {
  apiKey,
  apiKeyPage,
  apiKeyParams,
  apiKeysQuery,
  createApiKeyBody,
  createdApiKey,
} from "./api-key.ts";
import type { Route } from "./route.ts";

/** A key can't grant what it does not have, and sees only keys that reach no further than its own devices. */
export const API_KEY_ROUTES = {
  createApiKey: {
    method: "POST",
    path: "/v1/api-keys",
    auth: "keys:manage",
    summary: "Create an API key; it is shown once",
    body: createApiKeyBody,
    creates: true,
    answers: {
      201: { says: "Created. Keep `key`: it can't be had again.", schema: createdApiKey },
    },
    errors: [
      "DEVICE_NOT_FOUND",
      "CONFLICT",
      "IDEMPOTENCY_KEY_REUSED",
      "IDEMPOTENCY_KEY_IN_PROGRESS",
    ],
  },
  listApiKeys: {
    method: "GET",
    path: "/v1/api-keys",
    auth: "keys:manage",
    summary: "List API keys",
    query: apiKeysQuery,
    answers: { 200: { says: "A page of keys, by id.", schema: apiKeyPage } },
    errors: [],
  },
  getApiKey: {
    method: "GET",
    path: "/v1/api-keys/:id",
    auth: "keys:manage",
    summary: "Read what an API key may do",
    params: apiKeyParams,
    answers: { 200: { says: "The key, without its secret.", schema: apiKey } },
    errors: ["NOT_FOUND"],
  },
  revokeApiKey: {
    method: "DELETE",
    path: "/v1/api-keys/:id",
    auth: "keys:manage",
    summary: "Revoke an API key: at once, and its open streams end within a second",
    params: apiKeyParams,
    answers: { 200: { says: "Revoked, now or earlier.", schema: apiKey } },
    errors: ["NOT_FOUND"],
  },
} as const satisfies Record<string, Route>;

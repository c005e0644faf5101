import type { Settings } from "@pombo/domain";
import { changePoolBody, createPoolBody, deletedPool, pool, poolList, poolParams } from "./pool.ts";
import type { Route } from "./route.ts";

/** Devices that send together. A key sees the pools whose devices it may all see. */
export function poolRoutes(settings: Settings) {
  return {
    createPool: {
      method: "POST",
      path: "/v1/pools",
      auth: "devices:manage",
      summary: "Create a pool: devices that send together",
      body: createPoolBody(settings),
      creates: true,
      answers: { 201: { says: "Created.", schema: pool } },
      errors: [
        "DEVICE_NOT_FOUND",
        "CONFLICT",
        "IDEMPOTENCY_KEY_REUSED",
        "IDEMPOTENCY_KEY_IN_PROGRESS",
      ],
    },
    listPools: {
      method: "GET",
      path: "/v1/pools",
      auth: "devices:manage",
      summary: "List pools",
      answers: { 200: { says: "All that the key may see, oldest first.", schema: poolList } },
      errors: [],
    },
    getPool: {
      method: "GET",
      path: "/v1/pools/:id",
      auth: "devices:manage",
      summary: "Read a pool",
      params: poolParams,
      answers: { 200: { says: "The pool.", schema: pool } },
      errors: ["NOT_FOUND"],
    },
    changePool: {
      method: "PATCH",
      path: "/v1/pools/:id",
      auth: "devices:manage",
      summary: "Change the name, the devices or the strategy of a pool",
      params: poolParams,
      body: changePoolBody(settings),
      answers: { 200: { says: "As it is now.", schema: pool } },
      errors: ["NOT_FOUND", "DEVICE_NOT_FOUND"],
    },
    deletePool: {
      method: "DELETE",
      path: "/v1/pools/:id",
      auth: "devices:manage",
      summary: "Delete a pool from which no batch is being sent; its devices stay",
      params: poolParams,
      answers: { 200: { says: "Deleted.", schema: deletedPool } },
      errors: ["NOT_FOUND", "CONFLICT"],
    },
  } as const satisfies Record<string, Route>;
}

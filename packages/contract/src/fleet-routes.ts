import { fleet } from "./fleet.ts";
import type { Route } from "./route.ts";

export const FLEET_ROUTES = {
  listWorkers: {
    method: "GET",
    path: "/v1/workers",
    auth: "ops:read",
    summary: "The living workers, what they run, and who is gone",
    answers: { 200: { says: "The fleet at this moment.", schema: fleet } },
    errors: [],
  },
  getMetrics: {
    method: "GET",
    path: "/metrics",
    auth: "ops:read",
    summary: "Metrics of this process and of the installation, for Prometheus",
    answers: { 200: { says: "The text format of Prometheus.", alternatives: ["text/plain"] } },
    errors: [],
  },
} as const satisfies Record<string, Route>;

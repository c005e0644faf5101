import { z } from "zod";
import type { Route } from "./route.ts";

const fleet = z
  .object({
    success: z.literal(true),
    workers: z.array(
      z.object({
        id: z
          .string()
          .meta({ description: "Its name and this start of it.", example: "worker-1#4f" }),
        heartbeat_age_ms: z.int(),
        lanes: z.int().meta({ description: "Devices that it runs." }),
      }),
    ),
    devices: z.int().meta({ description: "All devices of the installation." }),
    unowned: z.int().meta({ description: "Devices that no worker runs at this moment." }),
  })
  .meta({ id: "Fleet" });

export type FleetBody = z.output<typeof fleet>;

export const FLEET_ROUTES = {
  listWorkers: {
    method: "GET",
    path: "/v1/workers",
    auth: "ops:read",
    summary: "The living workers, and what they run",
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

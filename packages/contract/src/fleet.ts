import { z } from "zod";

const time = z.iso.datetime();

/** Who runs devices, and who did until lately. */
export const workersFields = {
  workers: z.array(
    z.object({
      id: z
        .string()
        .meta({ description: "Its name and this start of it.", example: "worker-1#4f" }),
      state: z
        .enum(["alive", "silent"])
        .meta({ description: "`silent`: it has not answered for three sweeps." }),
      heartbeat_age_ms: z.int(),
      lanes: z.int().meta({ description: "Devices that it runs." }),
    }),
  ),
  gone_workers: z
    .array(
      z.object({
        id: z.string(),
        stopped: z.boolean().meta({ description: "It said so; false: it fell silent." }),
        seen_at: time.meta({ description: "Its last sign of life." }),
        lanes: z.int().meta({ description: "Devices that it ran then." }),
        taken_over: z.int().meta({ description: "Of these, how many others run by now." }),
        takers: z.array(z.object({ id: z.string(), devices: z.int() })),
        first_taken_at: time.nullable(),
        last_taken_at: time.nullable(),
      }),
    )
    .meta({
      description: "Workers that stopped or fell silent in the last hours, the latest first.",
    }),
};

/** `GET /v1/workers` */
export const fleet = z
  .object({
    success: z.literal(true),
    ...workersFields,
    devices: z.int().meta({ description: "All devices of the installation." }),
    unowned: z.int().meta({ description: "Devices that no worker runs at this moment." }),
  })
  .meta({ id: "Fleet" });

export type FleetBody = z.output<typeof fleet>;

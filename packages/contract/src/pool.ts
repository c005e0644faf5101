import { POOL_STRATEGIES, type Settings } from "@pombo/domain";
import { z } from "zod";
import { name } from "./device.ts";
import { instant } from "./message.ts";

const STRATEGY_RULE = `strategy must be one of ${POOL_STRATEGIES.join(", ")}`;

const strategy = z.enum(POOL_STRATEGIES, { error: STRATEGY_RULE }).meta({
  id: "PoolStrategy",
  description:
    "Who gets a recipient that no device of the pool talks to: `balanced` the one with the most room, `in_order` the first of the list that can send.",
});

function devicesOf({ pool_devices_limit: limit }: Settings) {
  const rule = `devices must be a list of 1 to ${limit} device ids, each once`;
  return z
    .array(z.string({ error: rule }).max(64, { error: rule }), { error: rule })
    .min(1, { error: rule })
    .max(limit, { error: rule })
    .refine((ids) => new Set(ids).size === ids.length, { error: rule })
    .meta({ uniqueItems: true, example: ["dev_0123456789abcdef", "dev_fedcba9876543210"] });
}

/** The body of `POST /v1/pools`. */
export function createPoolBody(settings: Settings) {
  return z
    .strictObject({
      name,
      devices: devicesOf(settings),
      strategy: strategy.optional().meta({ description: "`balanced` when absent." }),
    })
    .meta({ id: "CreatePool" });
}

/** The body of `PATCH /v1/pools/:id`; a list of devices replaces the one before. */
export function changePoolBody(settings: Settings) {
  return z
    .strictObject({
      name: name.optional(),
      devices: devicesOf(settings).optional(),
      strategy: strategy.optional(),
    })
    .meta({ id: "ChangePool" });
}

export const poolParams = z.strictObject({ id: z.string() });

const poolFields = {
  pool_id: z.string().meta({ example: "pool_0123456789abcdef" }),
  name: z.string(),
  devices: z.array(z.string()).meta({ description: "Those that were deleted are gone from it." }),
  strategy,
  created_at: instant,
};

/** One pool, as a whole answer. */
export const pool = z.object({ success: z.literal(true), ...poolFields }).meta({ id: "Pool" });

export const poolList = z
  .object({ success: z.literal(true), pools: z.array(z.object(poolFields)) })
  .meta({ id: "PoolList" });

export const deletedPool = z
  .object({ success: z.literal(true), pool_id: z.string() })
  .meta({ id: "DeletedPool" });

export type PoolBody = z.output<typeof pool>;

import { DEFAULT_SETTINGS, isCellId } from "@pombo/domain";
import { openLedger } from "@pombo/ledger";
import { cellKeys, checkRedis, openRedis } from "@pombo/redis";

import { CannotStart } from "./cannot-start.ts";

export interface KeyPlace {
  readonly url: string;
  readonly cell: string;
  readonly adminKey: string;
}

/**
 * Makes the first API key known to Redis, which keeps its digest only. Nothing else runs on it yet: so what is older is migrated first.
 *
 * @returns what is missing in this Redis for "accepted is durable": a sentence each
 */
export async function ensureAdminKey(where: KeyPlace): Promise<readonly string[]> {
  const { url, cell, adminKey } = where;
  if (!isCellId(cell)) throw new CannotStart(`POMBO_CELL must look like c0, not "${cell}".`);
  try {
    await using redis = await openRedis({ url, role: "request" });
    const ledger = openLedger({
      redis: redis.client,
      keys: cellKeys(cell),
      settings: DEFAULT_SETTINGS,
    });
    const schema = await ledger.settleSchema({ mayMigrate: true });
    if (schema.kind === "refused") throw new CannotStart(`${schema.says}.`);
    await ledger.ensureAdminKey(adminKey, Date.now());
    return await checkRedis(redis.client);
  } catch (error) {
    if (error instanceof CannotStart) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CannotStart(`Redis does not answer as it should: ${why}.`, { cause: error });
  }
}

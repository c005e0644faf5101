import { randomBytes } from "node:crypto";
import { DEFAULT_SETTINGS, isCellId } from "@pombo/domain";
import { demandSchema, digestApiKey, openLedger } from "@pombo/ledger";
import { cellKeys, openRedis } from "@pombo/redis";

import { CannotStart } from "./cannot-start.ts";
import type { UpConfig } from "./config.ts";
import type { KeyOptions } from "./key-options.ts";
import { localRedis } from "./local-redis.ts";

export interface CreatedKey {
  readonly id: string;
  readonly key: string;
}

/**
 * Makes an API key by hand of the machine's owner: whoever may read the data folder may do everything anyway.
 *
 * @throws CannotStart
 */
export async function createLocalKey(options: KeyOptions, config: UpConfig): Promise<CreatedKey> {
  const { cell } = config;
  if (!isCellId(cell)) throw new CannotStart(`POMBO_CELL must look like c0, not "${cell}".`);
  await using place = await localRedis(options.data, config);
  try {
    await using redis = await openRedis({ url: place.url, role: "request" });
    const keys = cellKeys(cell);
    const ledger = openLedger({ redis: redis.client, keys, settings: DEFAULT_SETTINGS });
    await demandSchema(ledger, () => undefined);
    const key = `pombo_${cell}_${randomBytes(32).toString("base64url")}`;
    const id = `key_${randomBytes(8).toString("hex")}`;
    const { name, scopes, devices } = options;
    const record = { id, name, scopes, devices, createdAt: Date.now() };
    await ledger.createApiKey(digestApiKey(key), record);
    return { id, key };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CannotStart(`Redis does not answer as it should: ${why}.`, { cause: error });
  }
}

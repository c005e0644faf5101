import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { DEFAULT_SETTINGS, isCellId } from "@pombo/domain";
import { digestApiKey, openLedger } from "@pombo/ledger";
import { cellKeys, openRedis } from "@pombo/redis";

import { CannotStart } from "./cannot-start.ts";
import type { UpConfig } from "./config.ts";
import { openDataFolder, readIfThere } from "./data-folder.ts";
import type { KeyOptions } from "./key-options.ts";
import { lockFolder } from "./lock-folder.ts";
import { findRedis, redisLauncher } from "./redis.ts";

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
  await using place = await redisOf(options.data, config);
  try {
    await using redis = await openRedis({ url: place.url, role: "request" });
    const keys = cellKeys(cell);
    const ledger = openLedger({ redis: redis.client, keys, settings: DEFAULT_SETTINGS });
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

/** The Redis of a running Pombo, or the same one started for a moment. */
async function redisOf(
  data: string,
  config: UpConfig,
): Promise<{ readonly url: string } & AsyncDisposable> {
  if (config.redisUrl !== undefined)
    return { url: config.redisUrl, [Symbol.asyncDispose]: closeNothing };
  await using stack = new AsyncDisposableStack();
  const folder = await openDataFolder(resolve(data));
  try {
    stack.use(await lockFolder(folder.path));
  } catch (error) {
    const url = await readIfThere(folder.redisUrlFile);
    if (!(error instanceof CannotStart) || url === undefined) throw error;
    return { url: url.trim(), [Symbol.asyncDispose]: closeNothing };
  }
  const launcher = await redisLauncher(await findRedis(config, () => undefined), folder.redis);
  const { url } = stack.use(await launcher.start(new AbortController().signal));
  const opened = stack.move();
  return { url, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function closeNothing(): Promise<void> {
  return Promise.resolve();
}

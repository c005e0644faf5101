import { resolve } from "node:path";

import { CannotStart } from "./cannot-start.ts";
import type { UpConfig } from "./config.ts";
import { openDataFolder, readIfThere } from "./data-folder.ts";
import { lockFolder } from "./lock-folder.ts";
import { findRedis, redisLauncher } from "./redis.ts";

/** The Redis of a running Pombo, or the same one started for a moment. */
export async function localRedis(
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

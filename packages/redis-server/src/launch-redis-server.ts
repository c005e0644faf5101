import { randomBytes } from "node:crypto";
import { mkdir, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { endLeftover } from "./end-leftover.ts";
import { freePort } from "./free-port.ts";
import { type AppendOnly, redisConf } from "./redis-conf.ts";
import { type RedisServer, startRedis } from "./start-redis.ts";

export type { RedisServer } from "./start-redis.ts";

export interface RedisServerOptions {
  /** path of redis-server or valkey-server */
  readonly binary: string;
  /** folder of the data, made when absent; one server at a time */
  readonly dir: string;
  /** absent: a free one */
  readonly port?: number;
  /** absent: a random one */
  readonly password?: string;
  readonly appendOnly: AppendOnly;
  /** for example `512mb`; absent means no limit */
  readonly maxMemory?: string;
  /** told in percent while the server reads a long file */
  readonly onLoading?: (percent: number) => void;
  /** gives up the start; the server is gone when the rejection arrives */
  readonly signal?: AbortSignal;
}

const PORT_TRIES = 5;

/**
 * Starts a Redis on 127.0.0.1 and resolves when it answers. It ends with this process (see `lifeline.ts`), or when disposed.
 * The password is random and stands only in a file that no other user can read, and in the url.
 *
 * @throws Error with the last lines of its log when it does not start
 */
export async function launchRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const dir = await ownFolder(options.dir);
  const pidFile = join(dir, "redis.pid");
  const confFile = join(dir, "redis.conf");
  await endLeftover(pidFile, confFile);
  for (let left = options.port === undefined ? PORT_TRIES : 1; ; left -= 1) {
    const port = options.port ?? (await freePort());
    const password = options.password ?? randomBytes(24).toString("base64url");
    const { appendOnly, maxMemory } = options;
    const size = maxMemory === undefined ? {} : { maxMemory };
    const conf = { port, password, dir, bind: "127.0.0.1", pidFile, appendOnly, ...size };
    await writePrivate(confFile, redisConf(conf));
    const started = await startRedis({
      line: { program: options.binary, args: [confFile], cwd: dir },
      address: { port, password },
      logFile: join(dir, "redis.log"),
      onLoading: options.onLoading,
      signal: options.signal,
    });
    options.signal?.throwIfAborted();
    if (started.kind === "server") return started.server;
    if (!started.portTaken || left <= 1) throw new Error(`Redis did not start: ${started.says}`);
  }
}

/** A folder that only we may look into, by its real path. */
export async function ownFolder(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return await realpath(dir);
}

export async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
}

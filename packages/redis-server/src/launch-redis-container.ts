import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";

import { freePort } from "./free-port.ts";
import { ownFolder, type RedisServerOptions, writePrivate } from "./launch-redis-server.ts";
import { redisConf } from "./redis-conf.ts";
import { type RedisServer, startRedis } from "./start-redis.ts";

const IMAGE = "redis:7";
const DATA = "/data";

export type RedisContainerOptions = Omit<RedisServerOptions, "binary"> & {
  /** path of docker or podman */
  readonly engine: string;
};

/**
 * The same server in a container, published on 127.0.0.1 only, with the same folder. Its name is made from the folder, so that a
 * container left by a crashed run is found and removed first.
 */
export async function launchRedisContainer(options: RedisContainerOptions): Promise<RedisServer> {
  const dir = await ownFolder(options.dir);
  const name = `pombo-redis-${createHash("sha256").update(dir).digest("hex").slice(0, 12)}`;
  await run(options.engine, ["rm", "-f", name]);
  const port = options.port ?? (await freePort());
  const password = randomBytes(24).toString("base64url");
  const { appendOnly, maxMemory } = options;
  const size = maxMemory === undefined ? {} : { maxMemory };
  const conf = { port: 6379, password, dir: DATA, bind: "0.0.0.0", appendOnly, ...size };
  await writePrivate(join(dir, "redis.conf"), redisConf(conf));
  const started = await startRedis({
    line: {
      program: options.engine,
      args: runArgs(name, port, dir),
      cwd: dir,
      container: { engine: options.engine, name },
    },
    address: { port, password },
    logFile: join(dir, "redis.log"),
    onLoading: options.onLoading,
    signal: options.signal,
  });
  options.signal?.throwIfAborted();
  if (started.kind === "server") return started.server;
  throw new Error(`Redis did not start in a container: ${started.says}`);
}

function runArgs(name: string, port: number, dir: string): string[] {
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const options = `--rm --name ${name} --user ${user} --publish 127.0.0.1:${port}:6379`.split(" ");
  const server = [IMAGE, "redis-server", `${DATA}/redis.conf`];
  return ["run", ...options, "--volume", `${dir}:${DATA}`, ...server];
}

/** Whether it worked is of no interest: there may have been nothing to remove. */
function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile(program, args, () => resolve());
  });
}

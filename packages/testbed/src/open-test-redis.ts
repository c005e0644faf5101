import { openContainerRedis } from "./container-redis.ts";
import { openPrivateRedis } from "./private-redis.ts";
import { openSharedRedis } from "./shared-redis.ts";
import { type RedisSource, testRedisSource } from "./test-redis-source.ts";

export interface TestRedisOptions {
  /** with an append-only file, flushed at every write: for tests about what survives */
  readonly durable?: boolean;
}

export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  /** as a crash would: nothing is flushed; resolves when the process is gone */
  kill9(): Promise<void>;
  /** the same data (when durable), the same url; stops the server first when it still runs */
  restart(): Promise<void>;
}

/** An empty Redis for one test: in a container where an engine answers, else a redis-server of this process on a free port. */
export async function openTestRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const durable = options.durable ?? false;
  const source = await knownSource();
  if (source.kind === "binary")
    return durable
      ? await openPrivateRedis(source.binary, { durable, keepsFolder: true })
      : await openSharedRedis(source.binary);
  if (source.kind === "container") return await openContainerRedis(source.engine, durable);
  throw new Error(source.says);
}

let source: Promise<RedisSource> | undefined;

/** Looked for once in a process. */
async function knownSource(): Promise<RedisSource> {
  source ??= testRedisSource();
  return await source;
}

import { Cluster, Redis } from "ioredis";
import { parseRedisAddress, type RedisAddress } from "./redis-address.ts";
import { writeTogether } from "./turn.ts";

export interface RedisConfig {
  /** See {@link parseRedisAddress}: a server, sentinels, or a cluster. */
  readonly url: string;
  /**
   * `request`: fails fast while Redis is away (an HTTP request waits for it).
   * `worker`: waits for Redis to come back. `subscriber`: pub/sub only.
   */
  readonly role: "request" | "worker" | "subscriber";
  readonly commandTimeoutMs?: number;
  /** An answer that is missing for so long means that the connection is dead, whatever TCP says (5 s). */
  readonly silenceMs?: number;
  /** Called for every connection error; the client reconnects by itself. */
  readonly onError?: (error: Error) => void;
}

export interface RedisHandle extends AsyncDisposable {
  readonly client: Redis;
}

/** Connects, and resolves when the first connection stands. Throws when none can be had. */
export async function openRedis(config: RedisConfig): Promise<RedisHandle> {
  const address = parseRedisAddress(config.url);
  if (address === undefined)
    throw new Error(
      "the Redis URL must be redis://, rediss://, redis+sentinel://host:port,…/master or redis+cluster://host:port,…",
    );
  const client = clientOf(address, config);
  client.on("error", (error: Error) => config.onError?.(error));
  try {
    await client.connect();
  } catch (error) {
    // It would go on trying for nobody.
    client.disconnect();
    throw error;
  }
  const probe =
    config.role === "subscriber" ? probeRegularly(client, silenceOf(config)) : undefined;
  return {
    client,
    async [Symbol.asyncDispose]() {
      clearInterval(probe);
      if (client.status === "end") return;
      // Without a connection there is nothing to say goodbye to; `quit` would wait for one.
      if (client.status === "ready") await client.quit().catch(() => client.disconnect());
      else client.disconnect();
    },
  };
}

const MOST_BETWEEN_TRIES_MS = 2_000;
const SILENCE_MS = 5_000;

function silenceOf({ silenceMs }: RedisConfig): number {
  return silenceMs ?? SILENCE_MS;
}

/** A subscriber asks nothing, so that it would never miss an answer: a half-open connection would stay for hours. */
function probeRegularly(client: Redis, everyMs: number): NodeJS.Timeout {
  return setInterval(() => {
    // What fails here is reported as an error of the connection.
    if (client.status === "ready") client.ping().catch(() => undefined);
  }, everyMs);
}

function clientOf(address: RedisAddress, config: RedisConfig): Redis {
  const fast = config.role === "request";
  const options = {
    lazyConnect: true,
    connectTimeout: 10_000,
    enableOfflineQueue: !fast,
    socketTimeout: silenceOf(config),
    // A reply that got lost is asked for again: every script stands being run twice.
    maxRetriesPerRequest: fast ? 1 : null,
    ...(fast ? { commandTimeout: config.commandTimeoutMs ?? 5_000 } : {}),
  };
  switch (address.kind) {
    case "server":
      return together(new Redis(address.url, { ...options, retryStrategy: retry }));
    case "sentinel":
      return together(
        new Redis({
          ...options,
          ...address.login,
          sentinels: [...address.sentinels],
          name: address.master,
          retryStrategy: retry,
          sentinelRetryStrategy: retry,
        }),
      );
    case "cluster": {
      const cluster = new Cluster([...address.nodes], {
        lazyConnect: true,
        enableOfflineQueue: !fast,
        clusterRetryStrategy: retry,
        redisOptions: { ...options, ...address.login },
      });
      cluster.on("+node", together);
      // Every key of a cell has one hash tag, so a cluster answers each command of ours as a single server does.
      return cluster as unknown as Redis;
    }
  }
}

/** Each new connection of a client writes the commands of a turn at once. */
function together(client: Redis): Redis {
  client.on("connect", () => writeTogether(client.stream));
  return client;
}

/** How long to wait before the next try to connect. */
function retry(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 6), MOST_BETWEEN_TRIES_MS);
}

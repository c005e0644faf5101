import { Redis } from "ioredis";

export interface RedisConfig {
  /** redis:// or rediss:// */
  readonly url: string;
  /**
   * `request`: fails fast while Redis is away (an HTTP request waits for it).
   * `worker`: waits for Redis to come back. `subscriber`: pub/sub only.
   */
  readonly role: "request" | "worker" | "subscriber";
  readonly commandTimeoutMs?: number;
  /** Called for every connection error; the client reconnects by itself. */
  readonly onError?: (error: Error) => void;
}

export interface RedisHandle extends AsyncDisposable {
  readonly client: Redis;
}

/** Connects, and resolves when the first connection stands. Throws when none stands within ten seconds. */
export async function openRedis(config: RedisConfig): Promise<RedisHandle> {
  const client = new Redis(config.url, {
    lazyConnect: true,
    enableOfflineQueue: config.role !== "request",
    maxRetriesPerRequest: config.role === "request" ? 1 : null,
    connectTimeout: 10_000,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 2_000),
    ...(config.role === "request" ? { commandTimeout: config.commandTimeoutMs ?? 5_000 } : {}),
  });
  client.on("error", (error: Error) => config.onError?.(error));
  await client.connect();
  return {
    client,
    async [Symbol.asyncDispose]() {
      if (client.status === "end") return;
      const quit = client.status === "ready" ? client.quit().catch(() => "gone") : undefined;
      if (quit === undefined) client.disconnect();
      await quit;
    },
  };
}

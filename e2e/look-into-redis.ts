import type { CellId } from "@pombo/domain";
import { cellKeys, type Keys, openRedis, type Redis } from "@pombo/redis";
import type { Pombo } from "./pombo.ts";

/** An entry of the event log. */
export interface LoggedEvent {
  readonly type: string;
  readonly device: string;
  readonly code: string;
}

/** What no API tells: leases, credentials, the event log; and what only an operator does to Redis. */
export interface RedisView extends AsyncDisposable {
  readonly redis: Redis;
  readonly keys: Keys;
  /** Events of one device, oldest first. */
  eventsOf(device: string): Promise<readonly LoggedEvent[]>;
}

export async function lookIntoRedis(pombo: Pombo): Promise<RedisView> {
  const { client: redis, ...handle } = await openRedis({
    url: pombo.ready.redis_url,
    role: "worker",
  });
  const keys = cellKeys("c0" as CellId);
  return {
    redis,
    keys,
    async eventsOf(device) {
      const entries = await redis.xrange(keys.events(), "-", "+");
      return entries
        .map(([, fields]) => readEvent(fields))
        .filter((event) => event.device === device);
    },
    [Symbol.asyncDispose]: () => handle[Symbol.asyncDispose](),
  };
}

function readEvent(fields: readonly string[]): LoggedEvent {
  const at = (name: string): string => fields[fields.indexOf(name) + 1] ?? "";
  return { type: at("type"), device: at("device"), code: at("code") };
}

import type { Keys, Redis } from "@pombo/redis";

/** An entry as the stream has it: its cursor, and names and values in turn. */
export type LogEntry = readonly [cursor: string, fields: readonly string[]];

export interface EventLogEnds {
  /** The oldest entry that is kept; absent when there is none. */
  readonly oldest?: string;
  /** The last one that was ever written; `0-0` when there was none. */
  readonly newest: string;
  /** Something older was kept once. */
  readonly trimmed: boolean;
}

/** The replayable sequence of state changes. */
export interface EventLog {
  /** The entries behind a cursor, in order, up to and including `to`; fewer than `limit` at the end of them. */
  eventsAfter(cursor: string, limit: number, to?: string): Promise<readonly LogEntry[]>;
  findEvent(cursor: string): Promise<LogEntry | undefined>;
  eventLogEnds(): Promise<EventLogEnds>;
}

export function eventLog(redis: Redis, keys: Keys): EventLog {
  return {
    eventsAfter: (cursor, limit, to = "+") =>
      redis.xrange(keys.events(), `(${cursor}`, to, "COUNT", limit),
    async findEvent(cursor) {
      return (await redis.xrange(keys.events(), cursor, cursor))[0];
    },
    async eventLogEnds() {
      const info = await describe(redis, keys.events());
      const oldest = (info.get("first-entry") as LogEntry | null | undefined)?.[0];
      return {
        newest: (info.get("last-generated-id") as string | undefined) ?? "0-0",
        trimmed: Number(info.get("entries-added") ?? 0) > Number(info.get("length") ?? 0),
        ...(oldest === undefined ? {} : { oldest }),
      };
    },
  };
}

/** Empty when nothing was ever written. */
async function describe(redis: Redis, key: string): Promise<ReadonlyMap<unknown, unknown>> {
  try {
    const flat = (await redis.xinfo("STREAM", key)) as readonly unknown[];
    const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]] as const] : []));
    return new Map(pairs);
  } catch (error) {
    if (error instanceof Error && /no such key/i.test(error.message)) return new Map();
    throw error;
  }
}

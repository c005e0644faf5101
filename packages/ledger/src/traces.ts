import type { Keys, Redis } from "@pombo/redis";

/** Of messages whose callers began a trace: the `traceparent` that their spans hang under. Others derive it from the message's id. */
export interface Traces {
  keepTrace(messageId: string, traceparent: string): Promise<void>;
  /** In the order of the ids. */
  findTraces(messageIds: readonly string[]): Promise<readonly (string | undefined)[]>;
}

/** A trace that is longer is not looked at as one any more. */
const KEPT_S = 86_400;

export function traces(redis: Redis, keys: Keys): Traces {
  return {
    async keepTrace(messageId, traceparent) {
      await redis.set(keys.trace(messageId), traceparent, "EX", KEPT_S);
    },
    async findTraces(messageIds) {
      const found = await redis.mget(messageIds.map((id) => keys.trace(id)));
      return found.map((traceparent) => traceparent ?? undefined);
    },
  };
}

import { type DeviceId, type MessageId, PRIORITIES } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";

/** Pages by rank, for lists that are read from any place. Each command costs what its page costs, however long the list is. */
export interface Ranks {
  /** The backlog of a lane, class after class, or what is held, in its order. */
  waitingIds(
    place: { readonly deviceId: DeviceId; readonly held: boolean },
    from: number,
    count: number,
  ): Promise<readonly MessageId[]>;
  /** Dead letters, the newest first. */
  letterRange(from: number, count: number): Promise<readonly MessageId[]>;
}

export function ranks({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }): Ranks {
  const page = (key: string, from: number, count: number): Promise<string[]> =>
    redis.zrange(key, `${from}`, `${from + count - 1}`);

  async function backlog(deviceId: DeviceId, from: number, count: number): Promise<string[]> {
    const generation = (await redis.hget(keys.device(deviceId), "gen")) ?? "0";
    const lists = PRIORITIES.map((priority) => keys.backlog(deviceId, generation, priority));
    const lengths = await Promise.all(lists.map((list) => redis.zcard(list)));
    const found: string[] = [];
    let before = 0;
    for (const [index, list] of lists.entries()) {
      const start = Math.max(0, from + found.length - before);
      const wanted = count - found.length;
      if (wanted > 0 && start < (lengths[index] ?? 0))
        // oxlint-disable-next-line no-await-in-loop -- how much is still wanted is known only then
        found.push(...(await page(list, start, wanted)));
      before += lengths[index] ?? 0;
    }
    return found;
  }

  return {
    async waitingIds({ deviceId, held }, from, count) {
      const ids = held
        ? await page(keys.held(deviceId), from, count)
        : await backlog(deviceId, from, count);
      return ids as MessageId[];
    },
    async letterRange(from, count) {
      return (await redis.zrevrange(keys.letters(), from, from + count - 1)) as MessageId[];
    },
  };
}

import type { DeviceId, MessageId } from "@pombo/domain";
import { type Lane, openLanes } from "@pombo/queue";
import type { Keys, Redis } from "@pombo/redis";

/** Gives a lane the job of a message that the acceptance put straight into its window, then wakes the owner. */
export function openFeed({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  const lanes = openLanes({ redis, tag: keys.tag, owner: "api" });
  const open = new Map<DeviceId, Lane>();
  return {
    async feed(deviceId: DeviceId, messageId: MessageId, feed: number): Promise<void> {
      const lane = open.get(deviceId) ?? lanes.lane(deviceId);
      open.set(deviceId, lane);
      await lane.add(messageId, feed);
      await redis.publish(keys.wake(), deviceId);
    },
  };
}

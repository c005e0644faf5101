import { dealDevices, type DeviceId, GIVING_BACK, isLiving, type PoolId } from "@pombo/domain";
import type { Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { originList } from "./attempts.ts";
import { type PoolSurvey, poolSurveys } from "./pool-survey.ts";
import type { Run } from "./scripts.ts";

/** A device that may have messages to give back to a pool. */
interface PoolReturn {
  readonly deviceId: DeviceId;
  readonly poolId: PoolId;
}

export interface PoolReturns {
  /** Where it is time to look. */
  dueReturns(now: number, limit: number): Promise<readonly PoolReturn[]>;
  /**
   * Looks at what stands with a device for a pool, and gives to the others what can't have left, when the device is gone, has left the
   * pool or can't send until somebody pairs it. Bounded steps: whoever comes after a death goes on. How many were moved.
   */
  returnPooled(from: PoolReturn, now: number): Promise<number>;
}

interface PoolReturnsDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

const PER_STEP = 100;
const STEPS = 50;

export function poolReturns({ redis, keys, run, settings }: PoolReturnsDeps): PoolReturns {
  const survey = poolSurveys(run, settings);
  const states = originList(GIVING_BACK);
  return {
    async dueReturns(now, limit) {
      const due = await redis.zrangebyscore(keys.returns(), "-inf", now, "LIMIT", 0, limit);
      return due.map((member) => {
        const [deviceId, poolId] = member.split("|");
        return { deviceId: deviceId as DeviceId, poolId: poolId as PoolId };
      });
    },
    async returnPooled({ deviceId, poolId }, now) {
      const next = now + settings.pool_return_ms;
      let moved = 0;
      let cursor = "0";
      for (let step = 0; step < STEPS && cursor !== ""; step += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one bounded step after the other, each as the pool stands then
        const { living, dealt } = dealTakers(await survey(poolId, now, deviceId));
        const args = [deviceId, poolId, now, cursor, PER_STEP, next, states, living, ...dealt];
        // oxlint-disable-next-line no-await-in-loop
        const reply = (await run("return-pooled", ...args)) as [number, string];
        moved += reply[0];
        cursor = reply[1];
      }
      return moved;
    },
  };
}

/** Who gets what has no tie: devices that live (1), or where there are none the others (0). */
function dealTakers({ strategy, devices }: PoolSurvey): {
  readonly living: 0 | 1;
  readonly dealt: readonly DeviceId[];
} {
  const living = devices.filter(({ state }) => isLiving(state));
  const takers = living.length > 0 ? living : devices;
  const dealt = strategy === undefined ? [] : dealDevices(takers, strategy, PER_STEP);
  return { living: living.length > 0 ? 1 : 0, dealt };
}

import {
  bestDevice,
  type DeviceId,
  type DeviceState,
  isLiving,
  type PoolDevice,
  type PoolId,
  type Settings,
  type Tie,
  firmTie,
} from "@pombo/domain";
import { chooseAmong, poolSurveys, recentSurveys, type SurveyPool } from "./pool-survey.ts";
import type { Run } from "./scripts.ts";

/** What the acceptance of a message of a pool needs to know. */
export interface Pooled {
  readonly poolId: PoolId;
  /** The device that its recipient was seen to stick to, in the pool or not. */
  readonly stick?: DeviceId;
  /** The chosen device may come back by itself. */
  readonly living: boolean;
}

export interface PoolChoices {
  /** The device for a recipient: the one that talks to it already, or else the best one. Undefined when the pool has none. */
  chooseDevice(
    poolId: PoolId,
    recipient: string,
    now: number,
  ): Promise<{ readonly deviceId: DeviceId; readonly pooled: Pooled } | undefined>;
}

export function poolChoices(run: Run, settings: Settings): PoolChoices {
  const choose = chooser(poolSurveys(run, settings), settings.pool_seen_ms);
  return {
    async chooseDevice(poolId, recipient, now) {
      const [stick = "", ...flat] = (await run("find-ties", poolId, recipient, now)) as string[];
      const tie = firmTie(readTies(flat));
      const device =
        tie === undefined ? await choose(poolId, now) : { id: tie.deviceId, state: tie.state };
      if (device === undefined) return undefined;
      const known = stick === "" ? {} : { stick: stick as DeviceId };
      const pooled = { poolId, living: isLiving(device.state), ...known };
      return { deviceId: device.id, pooled };
    },
  };
}

/** The best device for a recipient without a tie, by a survey of a moment ago and what was chosen since. */
function chooser(survey: SurveyPool, seenMs: number) {
  const recent = recentSurveys(survey, seenMs);
  return async (poolId: PoolId, now: number): Promise<PoolDevice | undefined> => {
    const { devices, ids } = await chooseAmong(recent(poolId, now), (left, strategy) => {
      const best = bestDevice(left, strategy);
      return best === undefined ? [] : [best.id];
    });
    return devices.find(({ id }) => id === ids[0]);
  };
}

const TIE_FIELDS = 4;

function readTies(flat: readonly string[]): readonly Tie[] {
  const ties: Tie[] = [];
  for (let at = 0; at < flat.length; at += TIE_FIELDS) {
    const [deviceId, state, kind, waiting] = flat.slice(at, at + TIE_FIELDS);
    ties.push({
      deviceId: deviceId as DeviceId,
      state: state as DeviceState,
      kind: kind as Tie["kind"],
      waiting: Number(waiting) === 1,
    });
  }
  return ties;
}

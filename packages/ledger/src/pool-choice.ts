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
import { type PoolSurvey, poolSurveys, type SurveyPool } from "./pool-survey.ts";
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

interface Seen {
  readonly at: number;
  readonly survey: Promise<PoolSurvey>;
  /** How often each device was chosen since. */
  readonly chosen: Map<DeviceId, number>;
}

/** The best device for a recipient without a tie, by a survey of a moment ago and what was chosen since. */
function chooser(survey: SurveyPool, seenMs: number) {
  const pools = new Map<PoolId, Seen>();

  function recent(poolId: PoolId, now: number): Seen {
    for (const [id, { at }] of pools) if (Math.abs(now - at) >= seenMs) pools.delete(id);
    const known = pools.get(poolId);
    if (known !== undefined) return known;
    const fresh = { at: now, survey: survey(poolId, now), chosen: new Map<DeviceId, number>() };
    pools.set(poolId, fresh);
    // Whoever comes after a survey that failed makes another one.
    fresh.survey.catch(() => pools.delete(poolId));
    return fresh;
  }

  return async (poolId: PoolId, now: number): Promise<PoolDevice | undefined> => {
    const { survey: asked, chosen } = recent(poolId, now);
    const { strategy, devices } = await asked;
    if (strategy === undefined) return undefined;
    const present = devices.map((one) => ({ ...one, room: one.room - (chosen.get(one.id) ?? 0) }));
    const best = bestDevice(present, strategy);
    if (best !== undefined) chosen.set(best.id, (chosen.get(best.id) ?? 0) + 1);
    return best;
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

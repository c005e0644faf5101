import {
  budgetOf,
  type DeviceId,
  type DeviceState,
  type Pace,
  type PoolDevice,
  type PoolId,
  type PoolStrategy,
  resolvePace,
  type Settings,
} from "@pombo/domain";
import { shownState } from "./devices.ts";
import type { Run } from "./scripts.ts";

/** How the devices of a pool stand; without a strategy there is no such pool. */
export interface PoolSurvey {
  readonly strategy?: PoolStrategy;
  readonly devices: readonly PoolDevice[];
}

/** Looks at all devices of a pool, but one that is not asked for. */
export type SurveyPool = (poolId: PoolId, now: number, except?: DeviceId) => Promise<PoolSurvey>;

export function poolSurveys(run: Run, settings: Settings): SurveyPool {
  return async (poolId, now, except) => {
    const [strategy = "", ...flat] = (await run("survey-pool", poolId, except ?? "")) as string[];
    const devices = readDevices(flat, now, settings);
    return strategy === "" ? { devices } : { strategy: strategy as PoolStrategy, devices };
  };
}

const DEVICE_FIELDS = 12;

function readDevices(
  flat: readonly (string | number)[],
  now: number,
  settings: Settings,
): readonly PoolDevice[] {
  const found: PoolDevice[] = [];
  for (let at = 0; at < flat.length; at += DEVICE_FIELDS)
    found.push(readDevice(flat.slice(at, at + DEVICE_FIELDS), now, settings));
  return found;
}

function readDevice(
  fields: readonly (string | number)[],
  now: number,
  settings: Settings,
): PoolDevice {
  const [id, state, owned, asked, pairedAt, held, throttled, paused, ...rest] = fields;
  const [day, sent, cold, waiting] = rest.map(Number);
  const wished = asked === "" ? {} : (JSON.parse(String(asked)) as Pace);
  const pace = resolvePace(wished, settings, { now, pairedAt: Number(pairedAt) });
  const budget = budgetOf(now, pace, { day: day ?? 0, sent: sent ?? 0, cold: cold ?? 0 });
  return {
    id: id as DeviceId,
    state: shownState(state as DeviceState, Number(owned) === 1),
    resting: held !== "" || Number(throttled) > now || Number(paused) === 1,
    room: Math.min(budget.left, budget.coldLeft) - (waiting ?? 0),
  };
}

/** A survey of a moment ago. */
export interface RecentSurvey {
  readonly at: number;
  readonly survey: Promise<PoolSurvey>;
  /** How often each device was chosen since. */
  readonly chosen: Map<DeviceId, number>;
}

/** Surveys that are asked for again only after a while. */
export function recentSurveys(survey: SurveyPool, seenMs: number) {
  const pools = new Map<PoolId, RecentSurvey>();
  return (poolId: PoolId, now: number): RecentSurvey => {
    for (const [id, { at }] of pools) if (Math.abs(now - at) >= seenMs) pools.delete(id);
    const known = pools.get(poolId);
    if (known !== undefined) return known;
    const fresh = { at: now, survey: survey(poolId, now), chosen: new Map<DeviceId, number>() };
    pools.set(poolId, fresh);
    // Whoever comes after a survey that failed makes another one.
    fresh.survey.catch(() => pools.delete(poolId));
    return fresh;
  };
}

/**
 * Chooses among the devices of a recent survey, each with less room for every time that it was chosen since. Nothing may come between
 * the look at what was chosen and the choice.
 */
export async function chooseAmong(
  { survey, chosen }: RecentSurvey,
  choose: (devices: readonly PoolDevice[], strategy: PoolStrategy) => readonly DeviceId[],
): Promise<PoolSurvey & { readonly ids: readonly DeviceId[] }> {
  const seen = await survey;
  const left = seen.devices.map((one) => ({ ...one, room: one.room - (chosen.get(one.id) ?? 0) }));
  const ids = seen.strategy === undefined ? [] : choose(left, seen.strategy);
  for (const id of ids) chosen.set(id, (chosen.get(id) ?? 0) + 1);
  return { ...seen, ids };
}

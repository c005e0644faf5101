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

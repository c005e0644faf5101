/** How many devices a worker should own, and how many it should give away now. */
export interface Share {
  /** Take free devices up to this many. */
  readonly target: number;
  /** Give away so many of what is owned. */
  readonly surplus: number;
}

/** A worker gives nothing away for being this much above its share: devices must not wander for one more or less. */
const SLACK = 0.1;

/**
 * Every living worker's fair share of the devices, within its capacity. Only a worker that is well above its share gives away, and
 * only one below takes: the two never chase each other.
 */
export function shareOf(facts: {
  readonly owned: number;
  readonly workers: number;
  readonly devices: number;
  readonly capacity: number;
}): Share {
  const fair = Math.ceil(facts.devices / Math.max(1, facts.workers));
  const target = Math.min(facts.capacity, fair);
  const bearable = target + Math.max(1, Math.floor(target * SLACK));
  return { target, surplus: facts.owned > bearable ? facts.owned - target : 0 };
}

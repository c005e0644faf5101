import { type DeviceState, isOnline } from "./device-state.ts";
import type { DeviceId } from "./id.ts";

/**
 * How a pool chooses the device of a recipient that none of its devices talks to yet. `balanced`: the one with the most room;
 * `in_order`: the first of the list that can send.
 */
export const POOL_STRATEGIES = ["balanced", "in_order"] as const;

export type PoolStrategy = (typeof POOL_STRATEGIES)[number];

/** What ties a recipient to a device of the pool. */
export interface Tie {
  readonly deviceId: DeviceId;
  readonly state: DeviceState;
  /** `stick`: an earlier message of the pool went to it. `warm`: the recipient has a living conversation with it. */
  readonly kind: "stick" | "warm";
  /** Messages of the pool stand with it that have not left. */
  readonly waiting: boolean;
}

/** A device of a pool, as it stands now. */
export interface PoolDevice {
  readonly id: DeviceId;
  /** Online only with an owner. */
  readonly state: DeviceState;
  /** Its lane is paused, throttled, or may start no chats. */
  readonly resting: boolean;
  /** So many more recipients it could start a chat with today; what waits already is taken off, so it may be below 0. */
  readonly room: number;
}

/** States from which only somebody who pairs the device brings it back: it gives its messages back to its pools. */
export const GIVING_BACK = [
  "created",
  "pairing",
  "logged_out",
  "blocked",
] as const satisfies readonly DeviceState[];

/** True while the device may come back by itself: what stands with it waits for it. */
export function isLiving(state: DeviceState): boolean {
  return !(GIVING_BACK as readonly DeviceState[]).includes(state);
}

/**
 * The tie to the device that a recipient stays with, if any of them holds; the first one counts. A device that doesn't live any more keeps its
 * recipients as long as it has messages to give back: a new one must not overtake those.
 */
export function firmTie(ties: readonly Tie[]): Tie | undefined {
  return ties.find(({ state, kind, waiting }) => isLiving(state) || (kind === "stick" && waiting));
}

/** The device for a recipient without a tie; undefined when there are none. */
export function bestDevice(
  devices: readonly PoolDevice[],
  strategy: PoolStrategy,
): PoolDevice | undefined {
  let best: PoolDevice | undefined;
  for (const device of devices)
    if (best === undefined || isBetter(device, best, strategy)) best = device;
  return best;
}

/** Deals recipients without a tie to the devices, one after the other: each device as often as recipients go to it. */
export function dealDevices(
  devices: readonly PoolDevice[],
  strategy: PoolStrategy,
  count: number,
): readonly DeviceId[] {
  const hand = [...devices];
  return Array.from({ length: devices.length === 0 ? 0 : count }, () => {
    const best = bestDevice(hand, strategy) as PoolDevice;
    hand[hand.indexOf(best)] = { ...best, room: best.room - 1 };
    return best.id;
  });
}

/**
 * Who gets rows of a batch without a tie that a device draws: of the devices that may start chats the one with the most room each time,
 * the drawing one where several have as much; where nobody may, the drawing one keeps them. In order, the first that may.
 */
export function dealRows(
  devices: readonly PoolDevice[],
  strategy: PoolStrategy,
  draw: { readonly by: DeviceId; readonly count: number },
): readonly DeviceId[] {
  const drawing = devices.filter(({ id }) => id === draw.by);
  const order = strategy === "balanced" ? [...new Set([...drawing, ...devices])] : devices;
  let able = order.filter((device) => tierOf(device) === 0);
  return Array.from({ length: draw.count }, () => {
    const best = bestDevice(able, strategy);
    if (best === undefined) return draw.by;
    able = able
      .map((one) => (one === best ? { ...one, room: one.room - 1 } : one))
      .filter(({ room }) => room > 0);
    return best.id;
  });
}

/** False when both are as good: then the first of the list stays. */
function isBetter(device: PoolDevice, other: PoolDevice, strategy: PoolStrategy): boolean {
  const tier = tierOf(other) - tierOf(device);
  if (tier !== 0) return tier > 0;
  return strategy === "balanced" && device.room > other.room;
}

/** 0 may start a chat now, 1 is online, 2 comes back by itself, 3 only when somebody pairs it. */
function tierOf({ state, resting, room }: PoolDevice): number {
  if (!isLiving(state)) return 3;
  if (!isOnline(state)) return 2;
  return resting || room <= 0 ? 1 : 0;
}

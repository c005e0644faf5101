import type { DeviceId, Settings } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { awaitTakeover } from "./await-takeover.ts";
import type { OwnedDevice } from "./own-device.ts";

export interface GivingDeps {
  readonly ledger: Pick<Ledger, "findDevice">;
  readonly settings: Settings;
  /** What this worker runs, and what of it is connected; both shrink as it is given away. */
  readonly devices: ReadonlyMap<DeviceId, OwnedDevice>;
  readonly online: ReadonlySet<DeviceId>;
  /** Lets go of a device (at once when `hurry` is aborted) and of its lease; for `leftMs` only this worker's next start may take it. */
  readonly give: (device: OwnedDevice, hurry: AbortSignal, leftMs?: number) => Promise<void>;
  /** Devices that this worker has too much of, as of now. */
  readonly surplus: () => Promise<number>;
  /** Says that this worker leaves; how many others there are. */
  readonly leave: () => Promise<number>;
}

/** Of the time to end, what is left for the last writes of a device that is given away. */
const SETTLE_MS = 2_000;
/** Given away at once where nobody waits for them: they are not connected, or nobody takes them now. */
const QUIET_GROUP = 50;
/** For so long a worker waits for others to log a group in; it may be that they have died. */
const TAKEOVER_MS = 5_000;

/** Group after group, each when the one before is connected again; until no other worker has much less, or the signal says so. */
export async function giveSurplus(
  deps: GivingDeps,
  surplus: number,
  signal: AbortSignal,
): Promise<void> {
  let left = surplus;
  // oxlint-disable no-await-in-loop -- the others must be able to follow
  while (left > 0 && !signal.aborted) {
    const count = Math.min(left, deps.settings.rebalance_group);
    const group = [...deps.devices.values()].slice(0, count);
    const connected = connectedOf(group, deps);
    await Promise.all(group.map((device) => deps.give(device, signal)));
    const enough = AbortSignal.any([signal, AbortSignal.timeout(TAKEOVER_MS)]);
    await awaitTakeover(connected, deps.ledger, enough);
    if (!signal.aborted) left = await deps.surplus();
  }
  // oxlint-enable no-await-in-loop
}

/**
 * Everything, at the end. Group after group, each when the one before is connected again: given all at once, the last device would be
 * silent until all the others are logged in. Leases are to be renewed until the last one is handed over.
 */
export async function handOver(deps: GivingDeps): Promise<void> {
  const { settings, devices, online } = deps;
  const end = performance.now() + settings.handover_ms;
  const finishMs = settings.shutdown_ms - SETTLE_MS;
  const atMost = (ms: number, until = end): number =>
    Math.max(0, Math.min(ms, until - performance.now()));
  const leftMs = settings.worker_return_ms;
  // The code of a worker that was idle is cold: its first login has the machine to itself, and says little about the next ones.
  let size = 1;
  let others = await deps.leave();
  // oxlint-disable no-await-in-loop -- the others must be able to follow
  for (let turn = 0; devices.size > 0; turn += 1) {
    const began = performance.now();
    const alone = others === 0 || leftMs > 0;
    const group = alone ? [...devices.values()].slice(0, QUIET_GROUP) : nextGroup(size, deps);
    const connected = connectedOf(group, deps);
    const hurry = AbortSignal.timeout(atMost(finishMs, end + finishMs));
    await Promise.allSettled(group.map((device) => deps.give(device, hurry, leftMs)));
    if (alone || devices.size === 0) continue;
    await awaitTakeover(connected, deps.ledger, AbortSignal.timeout(atMost(TAKEOVER_MS)));
    others = await deps.leave();
    const tookMs = performance.now() - began;
    const least = settings.handover_group;
    size = turn === 0 ? least : Math.max(least, needed(online.size, tookMs, atMost(Infinity)));
  }
  // oxlint-enable no-await-in-loop
}

/** The connected ones first. */
function nextGroup(size: number, { devices, online }: GivingDeps): readonly OwnedDevice[] {
  const all = [...devices.values()];
  const connected = all.filter(({ own }) => online.has(own.deviceId));
  return connected.length > 0 ? connected.slice(0, size) : all.slice(0, QUIET_GROUP);
}

/** So many must go in the time of a group that none is left at the end; no more than that, since those of one group wait for each other's logins. */
function needed(count: number, tookMs: number, leftMs: number): number {
  return leftMs === 0 ? count : Math.ceil((count * tookMs) / leftMs);
}

function connectedOf(group: readonly OwnedDevice[], { online }: GivingDeps): readonly DeviceId[] {
  return group.map(({ own }) => own.deviceId).filter((id) => online.has(id));
}

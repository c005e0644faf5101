import type { DeviceId, Settings } from "@pombo/domain";
import type { Ownership } from "./lane.ts";
import type { Run } from "./scripts.ts";

/** The right to run a device, with a number that only grows. */
export interface Leases {
  /** Undefined when another worker owns the device, or it does not exist. */
  take(deviceId: DeviceId, owner: string): Promise<Ownership | undefined>;
  /** For each, whether it is still ours. */
  renew(owner: string, owned: readonly Ownership[]): Promise<readonly boolean[]>;
  /** So that others can take it at once; or, for `leftMs`, only a later start of the same worker. */
  drop(owner: string, own: Ownership, leftMs?: number): Promise<void>;
  /** Devices that nobody owns, the longest free first. */
  freeDevices(limit: number): Promise<readonly DeviceId[]>;
  /** Says that the worker lives (or leaves), and learns how many workers share how many devices. */
  reportWorker(
    owner: string,
    alive: boolean,
    lanes: number,
  ): Promise<{ readonly workers: number; readonly devices: number }>;
}

export function leases(run: Run, settings: Settings): Leases {
  return {
    async take(deviceId, owner) {
      const epoch = Number(await run("take-lease", deviceId, owner, settings.lease_ttl_ms));
      return epoch === 0 ? undefined : { deviceId, epoch };
    },
    async renew(owner, owned) {
      if (owned.length === 0) return [];
      const pairs = owned.flatMap(({ deviceId, epoch }) => [deviceId, epoch]);
      const reply = await run("renew-leases", owner, settings.lease_ttl_ms, ...pairs);
      return (reply as number[]).map((flag) => flag === 1);
    },
    async freeDevices(limit) {
      return (await run("free-devices", limit)) as DeviceId[];
    },
    async reportWorker(owner, alive, lanes) {
      const reply = await run(
        "report-worker",
        owner,
        settings.worker_ttl_ms,
        alive ? "1" : "",
        lanes,
      );
      const [workers = 0, devices = 0] = reply as number[];
      return { workers, devices };
    },
    async drop(owner, { deviceId, epoch }, leftMs = 0) {
      await run("drop-lease", deviceId, owner, epoch, leftMs);
    },
  };
}

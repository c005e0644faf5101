import type { DeviceId, Settings } from "@pombo/domain";
import type { Ledger, Ownership } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import type { OwnedDevice } from "./own-device.ts";

export interface FleetDeps {
  /** `<worker>#<start>` */
  readonly owner: string;
  readonly ledger: Pick<Ledger, "deviceIds" | "take" | "renew" | "drop" | "serveDue">;
  readonly settings: Settings;
  readonly log: Log;
  readonly now: () => number;
  readonly ownDevice: (
    own: Ownership,
    aliveUntil: number,
    hooks: { stillOwner: () => Promise<boolean>; onLost: () => void },
  ) => OwnedDevice;
}

export interface Fleet extends AsyncDisposable {
  /** A device has something to look at. */
  wake(deviceId: string): void;
}

const DUE_PER_SWEEP = 1_000;

/**
 * The devices of this worker: takes leases, renews them, sweeps, and gives everything back at the end.
 * A lease counts from before its renewal was sent, less a margin.
 */
export async function openFleet(deps: FleetDeps): Promise<Fleet> {
  const { owner, ledger, settings, log, now } = deps;
  const devices = new Map<DeviceId, OwnedDevice>();
  const taking = new Set<DeviceId>();
  const leaving = new Set<Promise<void>>();
  const ended = new AbortController();

  const aliveUntil = (sentAt: number): number =>
    sentAt + settings.lease_ttl_ms - settings.lease_margin_ms;

  async function take(deviceId: DeviceId): Promise<void> {
    if (devices.has(deviceId) || taking.has(deviceId) || ended.signal.aborted) return;
    taking.add(deviceId);
    try {
      const sentAt = performance.now();
      const own = await ledger.take(deviceId, owner);
      if (own === undefined || ended.signal.aborted) return;
      const hooks = { stillOwner: () => stillOwner(own), onLost: () => lose(own) };
      devices.set(deviceId, deps.ownDevice(own, aliveUntil(sentAt), hooks));
      log.info("device.taken", { device_id: deviceId, epoch: own.epoch });
    } finally {
      taking.delete(deviceId);
    }
  }

  async function stillOwner(own: Ownership): Promise<boolean> {
    return (await ledger.renew(owner, [own]))[0] === true;
  }

  function lose({ deviceId, epoch }: Ownership): void {
    const device = devices.get(deviceId);
    if (device?.own.epoch !== epoch) return;
    devices.delete(deviceId);
    log.warn("device.lost", { device_id: deviceId, epoch });
    const left = device.abandon().finally(() => leaving.delete(left));
    leaving.add(left);
  }

  async function renew(): Promise<void> {
    const owned = [...devices.values()];
    const sentAt = performance.now();
    const flags = await ledger.renew(
      owner,
      owned.map(({ own }) => own),
    );
    for (const [index, device] of owned.entries())
      if (flags[index] === true) device.renewed(aliveUntil(sentAt));
      else lose(device.own);
  }

  async function sweep(): Promise<void> {
    await Promise.all([ledger.serveDue(now(), DUE_PER_SWEEP), claimAll()]);
    for (const device of devices.values()) device.poke();
  }

  async function claimAll(): Promise<void> {
    const free = (await ledger.deviceIds()).filter((id) => !devices.has(id));
    await Promise.all(free.map(take));
  }

  await claimAll();
  const timers = [
    every(settings.sweep_ms, sweep, (error) => log.error("sweep.failed", { error })),
    every(settings.lease_renew_ms, renew, (error) => log.error("renewal.failed", { error })),
  ];
  return {
    wake(deviceId) {
      const device = devices.get(deviceId as DeviceId);
      if (device !== undefined) device.poke();
      else
        take(deviceId as DeviceId).catch((error: unknown) => log.error("take.failed", { error }));
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await Promise.all(timers.map((timer) => timer.stop()));
      const hurry = AbortSignal.timeout(Math.max(0, settings.shutdown_ms - 2_000));
      await Promise.all(
        [...devices.values()].map(async (device) => {
          await device.release(hurry);
          await ledger.drop(owner, device.own);
        }),
      );
      await Promise.all(leaving);
    },
  };
}

/** Runs work again and again, `ms` after its last end; a failure is reported and does not stop it. */
function every(
  ms: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const schedule = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = work().catch(onError).finally(schedule);
    }, ms);
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

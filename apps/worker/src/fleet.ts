import type { DeviceId, Settings } from "@pombo/domain";
import type { Ledger, Ownership } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import { every } from "./every.ts";
import { giveSurplus, type GivingDeps, handOver } from "./give-away.ts";
import type { OwnedDevice } from "./own-device.ts";
import { type OperationDeps, runOperations } from "./run-operations.ts";
import { type Instant, isBefore, rightNow } from "./instant.ts";
import { type Share, shareOf } from "./share.ts";

export interface FleetDeps {
  /** `<worker>#<start>` */
  readonly owner: string;
  readonly ledger: Pick<
    Ledger,
    | "deviceIds"
    | "drop"
    | "findDevice"
    | "freeDevices"
    | "lookAt"
    | "renew"
    | "reportWorker"
    | "serveBatches"
    | "serveDue"
    | "take"
    | "trimEvents"
    | "trimLetters"
    | "trimOutbox"
  > &
    OperationDeps["ledger"];
  readonly settings: Settings;
  readonly log: Log;
  readonly now: () => number;
  readonly ownDevice: (
    own: Ownership,
    aliveUntil: Instant,
    hooks: {
      readonly stillOwner: () => Promise<boolean>;
      readonly onOnline: (online: boolean) => void;
      readonly onLost: () => void;
      /** The fleet ends. */
      readonly ending: AbortSignal;
    },
  ) => OwnedDevice;
}

export interface Fleet extends AsyncDisposable {
  /** A device has something to look at. */
  readonly wake: (deviceId: string) => void;
  /** Nobody owns this device; empty: a worker has left, and the share of each of the others has grown. */
  readonly freed: (deviceId: string) => void;
  /** Devices that it runs. */
  readonly size: () => number;
}

/** Shortest time between two looks for free devices that others bring about. */
const GATHER_MS = 20;
const PER_SWEEP = 1_000;
/** Due messages of one command, and commands of one sweep: the others on this Redis are not to wait for long. */
const DUE_AT_ONCE = 200;
const DUE_STEPS = 50;
const BATCHES_AT_ONCE = 20;
/** An idle device is looked at once in so many sweeps, and old letters and events are trimmed as often. */
const SELDOM = 30;

/**
 * The devices of this worker: takes its share of the leases, renews them in one go, sweeps, gives away what is too much, and hands
 * everything over at the end. A lease counts from before its renewal was sent, less a margin.
 */
export async function openFleet(deps: FleetDeps): Promise<Fleet> {
  const { owner, ledger, settings, log, now } = deps;
  const devices = new Map<DeviceId, OwnedDevice>();
  /** On their way out; their leases are renewed until they are dropped. */
  const releasing = new Map<DeviceId, OwnedDevice>();
  const taking = new Set<DeviceId>();
  /** Among very many that are away: to ask each of them in every sweep would cost more than all the rest. */
  const online = new Set<DeviceId>();
  /** Devices whose turn to be looked at has not come yet in this round. */
  let round: DeviceId[] = [];
  const leaving = new Set<Promise<void>>();
  const ended = new AbortController();
  let givingAway = false;
  let swept = 0;
  /** As of the last look. */
  let target = 0;
  let looking: NodeJS.Timeout | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  const safe = settings.lease_ttl_ms - settings.lease_margin_ms;
  const aliveUntil = (sentAt: Instant): Instant => ({
    monotonic: sentAt.monotonic + safe,
    wall: sentAt.wall + safe,
  });

  async function take(deviceId: DeviceId): Promise<void> {
    if (devices.has(deviceId) || releasing.has(deviceId) || taking.has(deviceId)) return;
    if (ended.signal.aborted) return;
    taking.add(deviceId);
    try {
      const sentAt = rightNow();
      const own = await ledger.take(deviceId, owner);
      if (own === undefined) return;
      if (ended.signal.aborted) return await ledger.drop(owner, own);
      const stillOwner = async (): Promise<boolean> =>
        (await ledger.renew(owner, [own]))[0] === true;
      const onOnline = (on: boolean): void => {
        if (devices.get(deviceId)?.own !== own) return;
        if (on) online.add(deviceId);
        else online.delete(deviceId);
      };
      const hooks = { stillOwner, onOnline, onLost: () => lose(own), ending: ended.signal };
      devices.set(deviceId, deps.ownDevice(own, aliveUntil(sentAt), hooks));
      log.info("device.taken", { device_id: deviceId, epoch: own.epoch });
    } finally {
      taking.delete(deviceId);
    }
  }

  function lose({ deviceId, epoch }: Ownership): void {
    const device = devices.get(deviceId);
    if (device?.own.epoch !== epoch) return;
    devices.delete(deviceId);
    online.delete(deviceId);
    log.warn("device.lost", { device_id: deviceId, epoch });
    track(device.abandon());
  }

  async function give(device: OwnedDevice, hurry: AbortSignal, leftMs = 0): Promise<void> {
    const { deviceId } = device.own;
    devices.delete(deviceId);
    online.delete(deviceId);
    releasing.set(deviceId, device);
    try {
      await device.release(hurry);
    } finally {
      releasing.delete(deviceId);
    }
    await ledger.drop(owner, device.own, leftMs);
    log.info("device.handed_over", {
      left_ms: leftMs,
      device_id: device.own.deviceId,
      epoch: device.own.epoch,
    });
  }

  function pursue(taken: Promise<unknown>): void {
    track(
      taken.then(
        () => undefined,
        (error: unknown) => log.error("take.failed", { error }),
      ),
    );
  }

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => log.error("device.not_released", { error }))
      .finally(() => leaving.delete(tracked));
    leaving.add(tracked);
  }

  async function renew(): Promise<void> {
    const owned = [...devices.values(), ...releasing.values()];
    const sentAt = rightNow();
    const flags = await ledger.renew(
      owner,
      owned.map(({ own }) => own),
    );
    for (const [index, device] of owned.entries())
      if (flags[index] === true) device.renewed(aliveUntil(sentAt));
      else lose(device.own);
    // The answer was so late that it vouches for nothing any more: ask again at once.
    if (owned.length > 0 && !isBefore(aliveUntil(sentAt)) && !ended.signal.aborted) await renew();
  }

  async function share(): Promise<Share> {
    const seen = await ledger.reportWorker(owner, !ended.signal.aborted, devices.size);
    const fair = shareOf({ ...seen, owned: devices.size, capacity: settings.worker_capacity });
    ({ target } = fair);
    return fair;
  }

  function room(): number {
    return Math.max(0, target - devices.size - taking.size);
  }

  /** Takes free devices up to the share, a group at a time so that logins are spread. */
  async function claim(): Promise<Share> {
    const fair = await share();
    const free = room() > 0 ? await ledger.freeDevices(settings.claim_group) : [];
    await Promise.all(free.slice(0, room()).map(take));
    return fair;
  }

  /** Takes what is missing, or begins to give away what is too much. */
  async function balance(): Promise<void> {
    const { surplus } = await claim();
    if (surplus === 0 || givingAway) return;
    givingAway = true;
    track(giveSurplus(giving, surplus, ended.signal).finally(() => (givingAway = false)));
  }

  /** What falls due at once may be very much; a full step means that there is more. */
  async function serveDue(): Promise<void> {
    for (let step = 0; step < DUE_STEPS && !ended.signal.aborted; step += 1)
      // oxlint-disable-next-line no-await-in-loop -- one step after the other
      if ((await ledger.serveDue(now(), DUE_AT_ONCE)) < DUE_AT_ONCE) return;
  }

  /** The safety net under lost wakes: every connected lane with something to do, and each of the others once in a while. */
  async function sweep(): Promise<void> {
    swept += 1;
    await serveDue();
    await ledger.serveBatches(now(), BATCHES_AT_ONCE);
    if (swept % SELDOM === 0) {
      await ledger.trimLetters(now(), PER_SWEEP);
      await ledger.trimEvents(now());
      // One device after the other.
      const trimmed = [...devices.keys()][(swept / SELDOM) % Math.max(1, devices.size)];
      if (trimmed !== undefined) await ledger.trimOutbox(trimmed, now());
    }
    await balance();
    for (const id of await ledger.lookAt([...online])) devices.get(id)?.poke();
    if (round.length === 0) round = [...devices.keys()];
    const some = Math.ceil(devices.size / SELDOM);
    for (const id of round.splice(-some)) devices.get(id)?.poke();
    await runOperations(deps);
  }

  /** What an earlier start of this worker held comes back at once: nobody else may have it before its lease ends. */
  async function comeBack(): Promise<void> {
    await share();
    for (const id of await ledger.deviceIds()) {
      if (devices.size >= target) return;
      // oxlint-disable-next-line no-await-in-loop -- up to the share, and no further
      await take(id);
    }
  }

  /** A worker that leaves frees one device after the other. */
  function claimSoon(): void {
    if (ended.signal.aborted) return;
    looking ??= setTimeout(
      () => {
        looking = undefined;
        lookedAt = performance.now();
        pursue(claim());
      },
      Math.max(0, lookedAt + GATHER_MS - performance.now()),
    );
  }

  const giving: GivingDeps = {
    ledger,
    settings,
    devices,
    online,
    give,
    surplus: async () => (await share()).surplus,
    leave: async () => (await ledger.reportWorker(owner, false, 0)).workers,
  };

  await comeBack();
  const timers = [
    every(settings.sweep_ms, sweep, (error) => log.error("sweep.failed", { error })),
    every(settings.lease_renew_ms, renew, (error) => log.error("renewal.failed", { error })),
  ];
  return {
    size: () => devices.size,
    wake: (deviceId) => devices.get(deviceId as DeviceId)?.poke(),
    freed(deviceId) {
      if (deviceId !== "" && room() > 0) pursue(take(deviceId as DeviceId));
      else claimSoon();
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      clearTimeout(looking);
      await timers[0]?.stop();
      await handOver(giving);
      await timers[1]?.stop();
      await Promise.all(leaving);
    },
  };
}

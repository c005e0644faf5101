import { DEFAULT_SETTINGS, type DeviceId } from "@pombo/domain";
import { expect, test, vi } from "vitest";
import { type FleetDeps, openFleet } from "./fleet.ts";
import type { OwnedDevice } from "./own-device.ts";

const ids = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `dev_${from + index}` as DeviceId);

/** One of two workers that share four devices: two are its own, the others' are free when they are in `free`. */
async function setup() {
  const free = new Set(ids(2));
  const poked: string[] = [];
  const ledger = {
    reportWorker: vi.fn(async () => ({ workers: 2, devices: 4 })),
    deviceIds: async () => [...free],
    freeDevices: async (limit: number) => [...free].slice(0, limit),
    take: vi.fn(async (deviceId: DeviceId) =>
      free.delete(deviceId) ? { deviceId, epoch: 1 } : undefined,
    ),
    drop: async () => undefined,
    renew: async () => [],
  };
  const ownDevice: FleetDeps["ownDevice"] = (own) => {
    const device: OwnedDevice = {
      own,
      online: () => true,
      poke: () => void poked.push(own.deviceId),
      renewed: () => undefined,
      release: async () => undefined,
      abandon: async () => undefined,
    };
    return device;
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const fleet = await openFleet({
    owner: "worker-1#1",
    // What is not here is not called: no sweep comes before the end of a test.
    ledger: ledger as unknown as FleetDeps["ledger"],
    settings: { ...DEFAULT_SETTINGS, sweep_ms: 3_600_000, lease_renew_ms: 3_600_000 },
    log: log as unknown as FleetDeps["log"],
    now: Date.now,
    ownDevice,
  });
  return { fleet, ledger, free, poked, [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose]() };
}

test("a wake for a device of its own is handed on at once", async () => {
  await using t = await setup();
  t.fleet.wake("dev_0");
  expect(t.poked).toEqual(["dev_0"]);
});

test("however often the devices of others are woken, the worker asks about free ones a few times", async () => {
  await using t = await setup();
  const before = t.ledger.reportWorker.mock.calls.length;
  for (let wake = 0; wake < 1_000; wake += 1) t.fleet.wake(`dev_${2 + (wake % 2)}`);
  await expect.poll(() => t.ledger.reportWorker.mock.calls.length).toBe(before + 1);
  expect(t.ledger.take).toHaveBeenCalledTimes(2);
});

test("a device that is woken because it was dropped is taken by a worker that has room", async () => {
  await using t = await setup();
  expect(t.fleet.size()).toBe(2);
  t.ledger.reportWorker.mockResolvedValue({ workers: 1, devices: 4 });
  t.free.add("dev_3" as DeviceId);
  t.fleet.wake("dev_3");
  await expect.poll(() => t.fleet.size()).toBe(3);
});

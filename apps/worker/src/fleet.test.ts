import { DEFAULT_SETTINGS, type DeviceId } from "@pombo/domain";
import { expect, test, vi } from "vitest";
import { type FleetDeps, openFleet } from "./fleet.ts";
import type { OwnedDevice } from "./own-device.ts";

const ids = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `dev_${from + index}` as DeviceId);

interface Setting {
  readonly own: number;
  readonly sweepMs: number;
  readonly rebalanceGroup?: number;
}

/** One of two workers that share twice as many devices as are its own; the others' are free when they are in `free`. */
async function setup(
  { own: count, sweepMs, rebalanceGroup = 2 }: Setting = { own: 2, sweepMs: 3_600_000 },
) {
  const free = new Set(ids(count));
  const poked: string[] = [];
  const hooks = new Map<string, Parameters<FleetDeps["ownDevice"]>[2]>();
  const ledger = {
    reportWorker: vi.fn(async () => ({ workers: 2, devices: 2 * count })),
    deviceIds: async () => [...free],
    freeDevices: async (limit: number) => [...free].slice(0, limit),
    take: vi.fn(async (deviceId: DeviceId) =>
      free.delete(deviceId) ? { deviceId, epoch: 1 } : undefined,
    ),
    drop: vi.fn(async () => undefined),
    findDevice: vi.fn(async () => ({ state: "connected" })),
    renew: async () => [],
    lookAt: vi.fn<FleetDeps["ledger"]["lookAt"]>(async () => []),
    serveDue: async () => 0,
    serveBatches: async () => 0,
    trimLetters: async () => 0,
    trimEvents: async () => 0,
    trimOutbox: async () => 0,
    runningOperations: async () => [],
  };
  const ownDevice: FleetDeps["ownDevice"] = (own, _, given) => {
    hooks.set(own.deviceId, given);
    const device: OwnedDevice = {
      own,
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
    // What is not here is not called.
    ledger: ledger as unknown as FleetDeps["ledger"],
    settings: {
      ...DEFAULT_SETTINGS,
      sweep_ms: sweepMs,
      lease_renew_ms: 3_600_000,
      rebalance_group: rebalanceGroup,
    },
    log: log as unknown as FleetDeps["log"],
    now: Date.now,
    ownDevice,
  });
  return {
    fleet,
    ledger,
    free,
    poked,
    hooks,
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}

test("a wake for a device of its own is handed on at once", async () => {
  await using t = await setup();
  t.fleet.wake("dev_0");
  expect(t.poked).toEqual(["dev_0"]);
});

test("a wake for a device of somebody else costs nothing", async () => {
  await using t = await setup();
  const before = t.ledger.reportWorker.mock.calls.length;
  t.fleet.wake("dev_2");
  expect(t.poked).toEqual([]);
  expect(t.ledger.reportWorker.mock.calls.length).toBe(before);
});

test("while it has room, a worker takes a device that was freed without any other look", async () => {
  await using t = await setup();
  t.ledger.reportWorker.mockResolvedValue({ workers: 1, devices: 4 });
  t.free.add("dev_2" as DeviceId);
  t.fleet.freed("");
  await expect.poll(() => t.fleet.size()).toBe(3);
  const looks = t.ledger.reportWorker.mock.calls.length;
  t.free.add("dev_3" as DeviceId);
  t.fleet.freed("dev_3");
  await expect.poll(() => t.fleet.size()).toBe(4);
  expect(t.ledger.reportWorker.mock.calls.length).toBe(looks);
});

test("what is freed while a worker has its share is looked at once for many, and left where it is", async () => {
  await using t = await setup();
  const before = t.ledger.reportWorker.mock.calls.length;
  t.free.add("dev_2" as DeviceId);
  for (let freed = 0; freed < 1_000; freed += 1) t.fleet.freed(`dev_${2 + (freed % 2)}`);
  await expect.poll(() => t.ledger.reportWorker.mock.calls.length).toBe(before + 1);
  expect(t.ledger.take).toHaveBeenCalledTimes(2);
  expect(t.fleet.size()).toBe(2);
});

test("a sweep asks about the devices that are online only, and each of the others is looked at in its turn", async () => {
  await using t = await setup({ own: 40, sweepMs: 1 });
  const asked = () => t.ledger.lookAt.mock.lastCall?.[0];
  t.hooks.get("dev_3")?.onOnline(true);
  await expect.poll(asked).toEqual(["dev_3"]);
  await expect.poll(() => new Set(t.poked).size).toBe(40);
  t.hooks.get("dev_3")?.onOnline(false);
  await expect.poll(asked).toEqual([]);
});

test("what is too much goes a few at a time, the next ones when others have connected those before", async () => {
  await using t = await setup({ own: 6, sweepMs: 1 });
  for (const id of ids(6)) t.hooks.get(id)?.onOnline(true);
  t.ledger.findDevice.mockResolvedValue({ state: "connecting" });
  t.ledger.reportWorker.mockResolvedValue({ workers: 6, devices: 12 });
  await expect.poll(() => t.ledger.findDevice.mock.calls.length).toBeGreaterThan(4);
  expect(t.fleet.size()).toBe(4);
  t.ledger.findDevice.mockResolvedValue({ state: "connected" });
  await expect.poll(() => t.fleet.size()).toBe(2);
  expect(t.ledger.drop).toHaveBeenCalledTimes(4);
});

test("however large its groups may be, a worker gives away no more than it has too much", async () => {
  await using t = await setup({ own: 6, sweepMs: 1, rebalanceGroup: 50 });
  t.ledger.reportWorker.mockResolvedValue({ workers: 3, devices: 12 });
  await expect.poll(() => t.ledger.drop.mock.calls.length).toBeGreaterThan(0);
  await expect.poll(() => t.fleet.size()).toBe(4);
  expect(t.ledger.drop).toHaveBeenCalledTimes(2);
});

test("a worker that ends gives its connected devices away a few at a time, the first alone, then all others at once", async () => {
  const t = await setup({ own: 6, sweepMs: 3_600_000 });
  for (const id of ids(4)) t.hooks.get(id)?.onOnline(true);
  const story: string[] = [];
  t.ledger.drop.mockImplementation(async (...[, own]: unknown[]) => {
    story.push((own as { deviceId: string }).deviceId);
  });
  t.ledger.findDevice.mockImplementation(async (...[id]: unknown[]) => {
    story.push(`${String(id)} connected again`);
    return { state: "connected" };
  });
  await t[Symbol.asyncDispose]();
  const turns = [
    ["dev_0", "dev_0 connected again"],
    ["dev_1", "dev_2", "dev_1 connected again", "dev_2 connected again"],
    ["dev_3", "dev_3 connected again"],
    ["dev_4", "dev_5"],
  ];
  expect(story).toEqual(turns.flat());
});

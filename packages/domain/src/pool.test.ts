import { expect, test } from "vitest";
import { DEVICE_STATES } from "./device-state.ts";
import type { DeviceId } from "./id.ts";
import {
  bestDevice,
  dealDevices,
  dealRows,
  firmTie,
  isLiving,
  type PoolDevice,
  type Tie,
} from "./pool.ts";

function device(name: string, over: Partial<PoolDevice> = {}): PoolDevice {
  return { id: `dev_${name}` as DeviceId, state: "connected", resting: false, room: 10, ...over };
}

function tie(name: string, over: Partial<Tie> = {}): Tie {
  const deviceId = `dev_${name}` as DeviceId;
  return { deviceId, state: "connected", kind: "stick", waiting: false, ...over };
}

test("a device lives unless somebody has to pair it", () => {
  expect(DEVICE_STATES.filter(isLiving)).toEqual([
    "connecting",
    "connected",
    "disconnected",
    "restricted",
  ]);
});

test("the stick holds before a warm chat, also while its device is away", () => {
  const warm = tie("b", { kind: "warm" });
  expect(firmTie([tie("a", { state: "disconnected" }), warm])?.deviceId).toBe("dev_a");
  expect(firmTie([tie("a", { state: "logged_out" }), warm])).toBe(warm);
  expect(firmTie([tie("a", { state: "blocked" })])).toBeUndefined();
  expect(firmTie([])).toBeUndefined();
});

test("a recipient stays behind what its lost device has not given back yet", () => {
  const lost = tie("a", { state: "logged_out", waiting: true });
  expect(firmTie([lost, tie("b", { kind: "warm" })])).toBe(lost);
  expect(firmTie([{ ...lost, kind: "warm" }])).toBeUndefined();
});

test("the most room counts among those that may start a chat now", () => {
  const away = device("a", { state: "disconnected", room: 1_000 });
  const full = device("b", { room: 0 });
  const resting = device("c", { resting: true, room: 500 });
  const few = device("d", { room: 1 });
  const many = device("e", { room: 7 });
  expect(bestDevice([away, full, resting, few, many], "balanced")).toBe(many);
  expect(bestDevice([away, full, resting], "balanced")).toBe(resting);
  expect(bestDevice([device("f", { state: "created" }), away], "balanced")).toBe(away);
  expect(bestDevice([], "balanced")).toBeUndefined();
});

test("in order, the first that may start a chat now is the best", () => {
  const full = device("a", { room: 0 });
  const [few, many] = [device("b", { room: 1 }), device("c", { room: 9 })];
  expect(bestDevice([full, few, many], "in_order")).toBe(few);
  expect(bestDevice([full, device("d", { state: "connecting" })], "in_order")).toBe(full);
});

test("recipients are dealt by room, and one device after the other when it is the same", () => {
  const devices = [device("a", { room: 4 }), device("b", { room: 2 }), device("c", { room: 2 })];
  const dealt = dealDevices(devices, "balanced", 8);
  const count = (name: string) => dealt.filter((id) => id === `dev_${name}`).length;
  expect([count("a"), count("b"), count("c")]).toEqual([4, 2, 2]);
  expect(dealt.slice(0, 2)).toEqual(["dev_a", "dev_a"]);
  const alike = [device("a"), device("b")];
  expect(dealDevices(alike, "balanced", 4)).toEqual(["dev_a", "dev_b", "dev_a", "dev_b"]);
  expect(dealDevices([], "balanced", 4)).toEqual([]);
});

test("in order, the next one is dealt to when the first has no room left", () => {
  const devices = [device("a", { room: 2 }), device("b")];
  expect(dealDevices(devices, "in_order", 3)).toEqual(["dev_a", "dev_a", "dev_b"]);
});

test("rows go to the device with the most room, to the one that draws where several have as much", () => {
  const devices = [device("a", { room: 2 }), device("b", { room: 1 }), device("c", { room: 3 })];
  const by = "dev_a" as DeviceId;
  const dealt = dealRows(devices, "balanced", { by, count: 8 });
  expect(dealt).toEqual(["c", "a", "c", "a", "b", "c", "a", "a"].map((name) => `dev_${name}`));
  const away = devices.map((one) => ({ ...one, state: "disconnected" as const }));
  expect(dealRows(away, "balanced", { by, count: 2 })).toEqual([by, by]);
});

test("in order, rows go to the first device with room, whoever draws them", () => {
  const devices = [device("a", { room: 1 }), device("b", { room: 1 }), device("c", { room: 9 })];
  const by = "dev_c" as DeviceId;
  const dealt = dealRows(devices, "in_order", { by, count: 3 });
  expect(dealt).toEqual(["dev_a", "dev_b", "dev_c"]);
});

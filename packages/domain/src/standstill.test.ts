import { expect, test } from "vitest";
import { catalogRow } from "./catalog.ts";
import { DEVICE_STATES } from "./device-state.ts";
import { standstill, type StandstillFacts } from "./standstill.ts";

const NOW = 1_000_000;
const free: StandstillFacts = {
  device: { state: "connected", owned: true },
  paused: false,
  throttledUntil: 0,
  heldUntil: 0,
  held: false,
  identityChanged: false,
  now: NOW,
};
const device = (over: Partial<StandstillFacts["device"]>) =>
  standstill({ ...free, device: { ...free.device, ...over } });

test("a message that only waits for its turn is not refused", () => {
  expect(standstill(free)).toBeUndefined();
  expect(device({ state: "restricted" })).toBeUndefined();
  expect(standstill({ ...free, throttledUntil: NOW, heldUntil: NOW + 5 })).toBeUndefined();
});

test.each([
  [{ state: "created", owned: false }, "DEVICE_NOT_READY"],
  [{ state: "pairing" }, "DEVICE_NOT_READY"],
  [{ state: "connecting" }, "DEVICE_NOT_READY"],
  [{ state: "connecting", code: "DEVICE_DISCONNECTED" }, "DEVICE_DISCONNECTED"],
  [{ state: "connecting", code: "THROTTLED" }, "THROTTLED"],
  [{ state: "disconnected" }, "DEVICE_DISCONNECTED"],
  [{ state: "disconnected", code: "UPSTREAM_FAILED" }, "DEVICE_DISCONNECTED"],
  [{ state: "disconnected", code: "PAIRING_UNSUPPORTED" }, "PAIRING_UNSUPPORTED"],
  [{ state: "disconnected", code: "CREDENTIALS_UNREADABLE" }, "CREDENTIALS_UNREADABLE"],
  [{ state: "logged_out" }, "DEVICE_NOT_READY"],
  [{ state: "blocked" }, "ACCOUNT_BLOCKED"],
  [{ state: "connected", owned: false }, "SERVICE_UNAVAILABLE"],
  [{ state: "connecting", owned: false }, "SERVICE_UNAVAILABLE"],
] as const)("a device that is %j: %s", (given, code) => {
  expect(device(given)?.code).toBe(code);
});

test("whatever the device is, its code can be told in every dialect", () => {
  for (const state of DEVICE_STATES) {
    const code = device({ state })?.code;
    if (code !== undefined) expect(Object.keys(catalogRow(code).http)).toHaveLength(3);
  }
});

test("a lane that rests is told with its end", () => {
  expect(standstill({ ...free, paused: true })?.code).toBe("SERVICE_UNAVAILABLE");
  expect(standstill({ ...free, throttledUntil: NOW + 5 })).toEqual({
    code: "THROTTLED",
    until: NOW + 5,
  });
  const held = { ...free, held: true, heldUntil: NOW + 7 };
  expect(standstill(held)).toEqual({ code: "ACCOUNT_RESTRICTED", until: NOW + 7 });
  expect(device({ state: "blocked", until: NOW + 9 })).toEqual({
    code: "ACCOUNT_BLOCKED",
    until: NOW + 9,
  });
});

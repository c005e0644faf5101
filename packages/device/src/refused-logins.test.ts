import type { Simulator } from "@pombo/simulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  openTestSimulator,
  pair,
  type TestDevice,
  testDevice,
  type TestDeviceOptions,
} from "./device-fixture.ts";

let simulator: Simulator;
let paired: TestDevice;
let jid: string;
let owner = true;
let lastNumber = 15_550_130_000;

function stranger(): string {
  lastNumber += 1;
  return String(lastNumber);
}

beforeAll(async () => {
  simulator = await openTestSimulator();
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
});
beforeEach(async () => {
  owner = true;
  await begin();
});
afterEach(async () => {
  simulator.clearFaults();
  await paired.device[Symbol.asyncDispose]();
});

async function begin(options: TestDeviceOptions = {}): Promise<void> {
  paired = testDevice(simulator, { stillOwner: async () => owner, ...options });
  jid = await pair(simulator, paired, stranger());
}

async function refusedWith(failure: Record<string, number>): Promise<void> {
  await paired.device.disconnect();
  simulator.addFault({ on: "login", match: { device: jid }, action: failure });
  paired.told.states.length = 0;
  paired.device.connect();
}

describe("a login that WhatsApp refuses", () => {
  test.each([
    [{ failure: 402, code: 101, expire: 3_600 }, "blocked", "banned_for_a_time", "ACCOUNT_BLOCKED"],
    [{ failure: 403 }, "blocked", "account_locked", "ACCOUNT_BLOCKED"],
    [{ failure: 406 }, "blocked", "banned", "ACCOUNT_BLOCKED"],
    [{ failure: 405 }, "disconnected", "client_outdated", "UPSTREAM_FAILED"],
    [{ failure: 409 }, "disconnected", "client_refused", "UPSTREAM_FAILED"],
    [{ failure: 414 }, "disconnected", "access_token_invalid", "UPSTREAM_FAILED"],
  ] as const)("%j: %s, credentials kept", async (...[failure, state, cause, code]) => {
    await refusedWith(failure);
    expect(await paired.told.untilState(state)).toMatchObject({ cause, code });
    expect(paired.store.erased).toBe(0);
    expect(await paired.sendText(stranger())).toMatchObject({
      kind: "failed",
      failure: { code: state === "blocked" ? "ACCOUNT_BLOCKED" : "DEVICE_DISCONNECTED" },
    });
  });

  test("a ban names its end", async () => {
    await refusedWith({ failure: 402, code: 101, expire: 3_600 });
    const { until } = await paired.told.untilState("blocked");
    expect(until).toBeGreaterThan(Date.now() + 3_500_000);
  });

  test("401 without a restart before it is a logout", async () => {
    await refusedWith({ failure: 401 });
    expect(await paired.told.untilState("logged_out")).toMatchObject({ cause: "logged_out" });
    expect(paired.store.erased).toBe(1);
  });

  test("503 is tried again", async () => {
    await refusedWith({ failure: 503 });
    await paired.told.untilState("connected");
  });

  test("429 rests for minutes", async () => {
    await refusedWith({ failure: 429 });
    const change = await paired.told.untilState("connecting", "throttled");
    expect(change.until).toBeGreaterThan(Date.now() + 290_000);
    await paired.device.disconnect();
  });

  test("401 right after a 515 is tried once more", async () => {
    const back = paired.told.untilConnectedAgain();
    simulator.addFault({ on: "login", match: { device: jid }, action: { failure: 401 } });
    simulator.addFault({
      on: "socket",
      match: { device: jid },
      action: { stream_error: { code: 515 } },
    });
    await paired.told.untilState("connecting", "login_refused");
    await back;
    expect(paired.store.erased).toBe(0);
  });
});

test("a login without an answer is cut and tried again", async () => {
  await paired.device[Symbol.asyncDispose]();
  const { store, keys } = paired;
  const again = testDevice(simulator, { store, keys, settings: { open_timeout_ms: 300 } });
  await using device = again.device;
  simulator.addFault({ on: "login", match: { device: jid }, action: "drop" });
  device.connect();
  await again.told.untilState("connecting", "open_timeout");
  await again.told.untilState("connected");
});

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
    [{ failure: 403 }, "blocked", "ACCOUNT_BLOCKED"],
    [{ failure: 405 }, "disconnected", "DEVICE_DISCONNECTED"],
  ] as const)("%j: %s, and a send says %s", async (failure, state, code) => {
    await refusedWith(failure);
    await paired.told.untilState(state);
    expect(await paired.sendText(stranger())).toMatchObject({ kind: "failed", failure: { code } });
  });

  test("a ban names its end", async () => {
    await refusedWith({ failure: 402, code: 101, expire: 3_600 });
    const { until } = await paired.told.untilState("blocked");
    expect(until).toBeGreaterThan(Date.now() + 3_500_000);
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

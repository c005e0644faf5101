import type { Simulator } from "@pombo/simulator";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  memoryStore,
  openTestSimulator,
  pair,
  someKeys,
  type TestDevice,
  testDevice,
  type TestDeviceOptions,
} from "./device-fixture.ts";

let simulator: Simulator;
let paired: TestDevice;
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
  await pair(simulator, paired, stranger());
}

test("a store that fails after the message left: the message counts by its ack, the keys are written later", async () => {
  const to = stranger();
  await paired.sendText(to);
  const before = paired.store.writes.length;
  paired.store.next.push("fail");
  expect((await paired.sendText(to)).kind).toBe("acked");
  await paired.told.until(() => paired.store.writes.length > before);
  expect((await paired.sendText(to)).kind).toBe("acked");
});

test("a refused write stops the device at once: not ours, nothing erased", async () => {
  owner = false;
  paired.store.next.push("stale");
  await paired.sendText(stranger());
  expect(await paired.told.untilState("disconnected")).toMatchObject({ cause: "not_owner" });
  const ended = paired.told.logs.findLast(({ event }) => event === "device.connection_ended");
  expect(ended?.fields).toMatchObject({ why: "not_owner" });
  expect(paired.store.erased).toBe(0);
  expect(paired.store.records.size).toBeGreaterThan(0);
  expect(await paired.sendText(stranger())).toMatchObject({
    failure: { code: "DEVICE_DISCONNECTED" },
  });
});

test("with the wrong key the credentials are unreadable: nothing is lost, nothing loops", async () => {
  await paired.device[Symbol.asyncDispose]();
  const before = new Map(paired.store.records);
  const wrong = testDevice(simulator, {
    store: memoryStore(paired.store.records),
    keys: someKeys(),
  });
  await using device = wrong.device;
  device.connect();
  expect(await wrong.told.untilState("disconnected")).toMatchObject({
    cause: "credentials_unreadable",
    code: "CREDENTIALS_UNREADABLE",
  });
  expect(paired.store.records).toEqual(before);
  expect(wrong.told.qrs).toEqual([]);
  const right = testDevice(simulator, {
    store: memoryStore(paired.store.records),
    keys: paired.keys,
  });
  await using other = right.device;
  other.connect();
  await right.told.untilState("connected");
});

test("while the store is away the device waits and then connects", async () => {
  await paired.device[Symbol.asyncDispose]();
  const store = memoryStore(paired.store.records);
  const load = store.load.bind(store);
  let failures = 3;
  store.load = async () => {
    failures -= 1;
    if (failures >= 0) throw new Error("away");
    return load();
  };
  const waiting = testDevice(simulator, { store, keys: paired.keys });
  await using device = waiting.device;
  device.connect();
  await waiting.told.untilState("connecting", "store_failed");
  await waiting.told.untilState("connected");
});

test("a store that fails for good after the message left, and no answer: unknown, never unsent", async () => {
  const to = stranger();
  simulator.setPhone(to, { delivery_receipts: false, read_receipts: false });
  await paired.sendText(to);
  simulator.addFault({ on: "message", match: { to }, action: "no_ack" });
  paired.store.next.push("fail", "fail", "fail");
  expect(await paired.sendText(to)).toMatchObject({
    kind: "unknown",
    failure: { code: "OUTCOME_UNKNOWN" },
  });
  expect(simulator.messagesOf(to).length).toBe(2);
  // The recipient could still read a message that was made with what could not be stored.
  await paired.told.until(({ logs }) =>
    logs.some(({ event }) => event === "message.keys_not_stored"),
  );
  expect(await paired.sendText(to)).toMatchObject({ kind: "acked" });
  expect(simulator.stats().unreadable).toBe(0);
});

import type { Simulator } from "@pombo/simulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
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

/** The number of times the device was connected so far. */
function connections(): number {
  return paired.told.states.filter(({ state }) => state === "connected").length;
}

function untilConnectedAgain(): Promise<boolean> {
  const before = connections();
  return paired.told.until(() => connections() > before);
}

describe("the connection ends while a message is under way", () => {
  test("before WhatsApp relayed it: unknown, and the device comes back", async () => {
    const back = untilConnectedAgain();
    simulator.addFault({ on: "message", match: { device: jid }, action: "close_before_relay" });
    const to = stranger();
    expect(await paired.sendText(to)).toMatchObject({
      kind: "unknown",
      failure: { code: "OUTCOME_UNKNOWN" },
    });
    await back;
    expect(simulator.messagesOf(to)).toEqual([]);
  });

  test("after WhatsApp relayed it: unknown, and the receipt comes with the next connection", async () => {
    const back = untilConnectedAgain();
    const to = stranger();
    simulator.setPhone(to, { delays: { delivered: 100, read: 100 } });
    simulator.addFault({ on: "message", match: { device: jid }, action: "close_after_relay" });
    const sent = paired.sendText(to);
    expect((await sent).kind).toBe("unknown");
    await back;
    await paired.told.untilProven(sent.id, "delivered");
  });

  test("during the query before it: it did not leave", async () => {
    const back = untilConnectedAgain();
    simulator.addFault({ on: "iq", match: { device: jid, xmlns: "usync" }, action: "close" });
    expect(await paired.sendText(stranger())).toMatchObject({
      kind: "failed",
      failure: { code: "DEVICE_DISCONNECTED" },
    });
    await back;
  });

  test("by a stream error during the query: at once, not after the query's timeout", async () => {
    const back = untilConnectedAgain();
    simulator.addFault({
      on: "iq",
      match: { device: jid, xmlns: "usync" },
      action: { stream_error: { code: 503 } },
    });
    const began = Date.now();
    expect(await paired.sendText(stranger())).toMatchObject({
      kind: "failed",
      failure: { code: "DEVICE_DISCONNECTED" },
    });
    expect(Date.now() - began).toBeLessThan(900);
    await back;
  });

  test("swallowed: unknown; after a reconnect the same id goes through once", async () => {
    simulator.addFault({ on: "message", match: { device: jid }, action: "blackhole" });
    const to = stranger();
    const first = paired.sendText(to, "x");
    expect((await first).kind).toBe("unknown");
    const back = untilConnectedAgain();
    await paired.device.reconnect("reconcile");
    await back;
    expect(paired.told.states).toContainEqual(
      expect.objectContaining({ state: "connecting", cause: "reconcile" }),
    );
    const message = { id: first.id, jid: `${to}@s.whatsapp.net`, content: { text: "x" } };
    expect((await paired.device.send(message, new AbortController().signal)).kind).toBe("acked");
    expect(simulator.messagesOf(to)).toMatchObject([{ id: first.id, copies: 1 }]);
  });
});

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
  expect(paired.store.erased).toBe(0);
  expect(paired.store.records.size).toBeGreaterThan(0);
  expect(await paired.sendText(stranger())).toMatchObject({
    failure: { code: "DEVICE_DISCONNECTED" },
  });
});

function replaced(): void {
  simulator.addFault({ on: "socket", match: { device: jid }, action: "replaced" });
}

describe("another login takes over", () => {
  test("still ours: one reconnect; the second time within the window it stops", async () => {
    const back = untilConnectedAgain();
    replaced();
    await back;
    replaced();
    expect(await paired.told.untilState("disconnected")).toMatchObject({ cause: "replaced" });
    const after = untilConnectedAgain();
    paired.device.connect();
    await after;
  });

  test("not ours any more: it stops and keeps the credentials", async () => {
    owner = false;
    replaced();
    expect(await paired.told.untilState("disconnected")).toMatchObject({ cause: "not_owner" });
    expect(connections()).toBe(1);
    expect(paired.store.erased).toBe(0);
  });

  test("while nobody can say whose it is, it asks again", async () => {
    await paired.device[Symbol.asyncDispose]();
    const answers = [new Error("away"), new Error("away")];
    const stillOwner = async (): Promise<boolean> => {
      const error = answers.shift();
      if (error !== undefined) throw error;
      return true;
    };
    await begin({ stillOwner });
    const back = untilConnectedAgain();
    replaced();
    await back;
    expect(answers).toEqual([]);
  });
});

test.each([503, 500, 515, 428])("a stream error %i is survived", async (code) => {
  const back = untilConnectedAgain();
  simulator.addFault({ on: "socket", match: { device: jid }, action: { stream_error: { code } } });
  await back;
  expect((await paired.sendText(stranger())).kind).toBe("acked");
});

test("a cut connection is survived", async () => {
  const back = untilConnectedAgain();
  await simulator.closeConnections({ device: jid });
  await back;
});

test("an unlinked device forgets its credentials", async () => {
  simulator.addFault({ on: "socket", match: { device: jid }, action: "unlink" });
  expect(await paired.told.untilState("logged_out")).toMatchObject({ cause: "logged_out" });
  expect(paired.store.erased).toBe(1);
  expect(paired.store.records.size).toBe(0);
});

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
  ] as const)("%j: %s, credentials kept", async (failure, state, cause, code) => {
    await refusedWith(failure);
    expect(await paired.told.untilState(state)).toMatchObject({ cause, code });
    expect(paired.store.erased).toBe(0);
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
    const back = untilConnectedAgain();
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

test("nothing that a device says or logs holds a key, a text or a stanza", async () => {
  await paired.sendText(stranger(), "the words of a message");
  await paired.device.disconnect();
  const said = JSON.stringify([paired.told.logs, paired.told.states]);
  expect(said).not.toContain("the words");
  expect(said).not.toMatch(/private|noiseKey|"data":\[/);
  expect(JSON.stringify(paired.told.logs)).not.toMatch(/\d{8,}@/);
});

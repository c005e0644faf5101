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

describe("the connection ends while a message is under way", () => {
  test("before WhatsApp relayed it: unknown, and the device comes back", async () => {
    const back = paired.told.untilConnectedAgain();
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
    const back = paired.told.untilConnectedAgain();
    const to = stranger();
    simulator.setPhone(to, { delays: { delivered: 100, read: 100 } });
    simulator.addFault({ on: "message", match: { device: jid }, action: "close_after_relay" });
    const sent = paired.sendText(to);
    expect((await sent).kind).toBe("unknown");
    await back;
    await paired.told.untilProven(sent.id, "delivered");
  });

  test("during the query before it: it did not leave", async () => {
    const back = paired.told.untilConnectedAgain();
    simulator.addFault({ on: "iq", match: { device: jid, xmlns: "usync" }, action: "close" });
    expect(await paired.sendText(stranger())).toMatchObject({
      kind: "failed",
      failure: { code: "DEVICE_DISCONNECTED" },
    });
    await back;
  });

  test("by a stream error during the query: at once, not after the query's timeout", async () => {
    const back = paired.told.untilConnectedAgain();
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
    await back;
    expect(Date.now() - began).toBeLessThan(900);
  });

  test("swallowed: unknown; after a reconnect the same id goes through once", async () => {
    simulator.addFault({ on: "message", match: { device: jid }, action: "blackhole" });
    const to = stranger();
    const first = paired.sendText(to, "x");
    expect((await first).kind).toBe("unknown");
    const back = paired.told.untilConnectedAgain();
    await paired.device.reconnect("reconcile");
    await back;
    expect(paired.told.states).toContainEqual(
      expect.objectContaining({ state: "connecting", cause: "reconcile" }),
    );
    const message = {
      id: first.id,
      jid: `${to}@s.whatsapp.net`,
      content: { kind: "text", text: "x" } as const,
    };
    expect((await paired.device.send(message, new AbortController().signal)).kind).toBe("acked");
    expect(simulator.messagesOf(to)).toMatchObject([{ id: first.id, copies: 1 }]);
  });
});

function replaced(): void {
  simulator.addFault({ on: "socket", match: { device: jid }, action: "replaced" });
}

describe("another login takes over", () => {
  test("still ours: one reconnect; the second time within the window it stops", async () => {
    const back = paired.told.untilConnectedAgain();
    replaced();
    await back;
    replaced();
    expect(await paired.told.untilState("disconnected")).toMatchObject({ cause: "replaced" });
    const after = paired.told.untilConnectedAgain();
    paired.device.connect();
    await after;
  });

  test("not ours any more: it stops and keeps the credentials", async () => {
    owner = false;
    replaced();
    expect(await paired.told.untilState("disconnected")).toMatchObject({ cause: "not_owner" });
    expect(paired.told.connections()).toBe(1);
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
    const back = paired.told.untilConnectedAgain();
    replaced();
    await back;
    expect(answers).toEqual([]);
  });
});

test("a cut connection is survived", async () => {
  const back = paired.told.untilConnectedAgain();
  await simulator.closeConnections({ device: jid });
  await back;
});

test("an unlinked device forgets its credentials", async () => {
  simulator.addFault({ on: "socket", match: { device: jid }, action: "unlink" });
  expect(await paired.told.untilState("logged_out")).toMatchObject({ cause: "logged_out" });
  expect(paired.store.erased).toBe(1);
  expect(paired.store.records.size).toBe(0);
});

test("nothing that a device says or logs holds a key, a text or a stanza", async () => {
  await paired.sendText(stranger(), "the words of a message");
  await paired.device.disconnect();
  const said = JSON.stringify([paired.told.logs, paired.told.states]);
  expect(said).not.toContain("the words");
  expect(said).not.toMatch(/private|noiseKey|"data":\[/);
  expect(JSON.stringify(paired.told.logs)).not.toMatch(/\d{8,}@/);
});

test("closing may be asked for twice, and ends what is in hand as unknown", async () => {
  const to = stranger();
  simulator.setPhone(to, { delivery_receipts: false, read_receipts: false });
  simulator.addFault({ on: "message", match: { device: jid }, action: "no_ack" });
  const sent = paired.sendText(to);
  await simulator.waitFor(
    (entry) => entry.kind === "message" && JSON.stringify(entry).includes(sent.id),
  );
  await Promise.all([paired.device[Symbol.asyncDispose](), paired.device[Symbol.asyncDispose]()]);
  expect((await sent).kind).toBe("unknown");
  expect(() => paired.device.connect()).toThrow("closed");
});

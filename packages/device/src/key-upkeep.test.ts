import type { Simulator } from "@pombo/simulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";

const OWN = "15550140000";
let simulator: Simulator;
let paired: TestDevice;
let jid: string;

beforeAll(async () => {
  simulator = await openTestSimulator();
  paired = testDevice(simulator);
  jid = await pair(simulator, paired, OWN);
});
afterAll(async () => {
  await paired.device[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});
afterEach(() => simulator.clearFaults());

/** The fields of the next log line with this name. */
function nextLine(event: string, { told } = paired): Promise<Record<string, unknown>> {
  const before = told.logs.length;
  return told.until(({ logs }) => logs.slice(before).find((line) => line.event === event)?.fields);
}

/** The device away, and what the caller did meanwhile, before it logs in again. */
async function whileAway(act: () => void, { device, told } = paired): Promise<void> {
  await device.disconnect();
  act();
  const back = told.untilConnectedAgain();
  device.connect();
  await back;
}

test("when WhatsApp says that the keys run out, the stock is filled up, and every key in it is one that we have", async () => {
  const filled = nextLine("device.prekeys_uploaded");
  expect(simulator.keyStock(jid, 4).prekeys).toBe(4);
  expect(await filled).toEqual({ left: 4, count: 196 });
  expect(simulator.keyStock(jid).prekeys).toBeGreaterThanOrEqual(200);
  // A stranger writes with one of the new keys.
  simulator.keyStock(jid, 190);
  const from = "15550140001";
  const { id } = await simulator.sendFrom(from, { to: OWN, text: "x" });
  await simulator.waitFor(({ kind, id: about }) => kind === "receipt_in" && about === id);
  expect(
    simulator.log().entries.find(({ kind, id: about }) => kind === "receipt_in" && about === id),
  ).not.toMatchObject({ type: "retry" });
});

test("a login that finds few keys fills the stock, one that finds enough does not", async () => {
  const filled = nextLine("device.prekeys_uploaded");
  await whileAway(() => simulator.keyStock(jid, 49));
  expect(await filled).toEqual({ left: 49, count: 151 });
  const { last: after } = simulator.log();
  await whileAway(() => simulator.keyStock(jid, 60));
  await paired.sendText("15550140002");
  const uploads = simulator
    .log(after)
    .entries.filter(({ kind, operation }) => kind === "iq" && operation === "registration");
  expect(uploads).toEqual([]);
  expect(simulator.keyStock(jid).prekeys).toBe(60);
});

test.each([
  ["refused", { iq_error: { code: 503, text: "busy" } }],
  ["without an answer", "drop"],
])("an upload that is %s is logged, and its keys are offered again", async (_, action) => {
  simulator.keyStock(jid, 60);
  const failed = nextLine("device.prekeys_uploaded_failed");
  const records = paired.store.records.size;
  // The first two queries of a login are answered: count and digest.
  await whileAway(() => {
    simulator.keyStock(jid, 30);
    simulator.addFault({
      on: "iq",
      match: { device: jid, xmlns: "encrypt" },
      action: { delay_ms: 0 },
      times: 2,
    });
    simulator.addFault({ on: "iq", match: { device: jid, xmlns: "encrypt" }, action });
  });
  await failed;
  expect(simulator.keyStock(jid).prekeys).toBe(30);
  const made = paired.store.records.size;
  expect(made - records).toBeGreaterThanOrEqual(170);
  const filled = nextLine("device.prekeys_uploaded");
  await whileAway(() => {});
  await filled;
  expect(simulator.keyStock(jid).prekeys).toBe(200);
  expect(paired.store.records.size).toBe(made);
});

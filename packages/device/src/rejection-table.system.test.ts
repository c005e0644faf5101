import type { Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";
import { CLOSED_IN_QUERY, REJECTION_BY_STATUS, REJECTION_BY_TEXT } from "./rejection-table.ts";

/** The rejections that a server can bring about; the others are data only (`classify.test.ts`). */
let simulator: Simulator;
let paired: TestDevice;
let jid: string;
let lastNumber = 15_550_153_000;

function stranger(): string {
  lastNumber += 1;
  return String(lastNumber);
}

beforeAll(async () => {
  simulator = await openTestSimulator();
  paired = testDevice(simulator);
  jid = await pair(simulator, paired, stranger());
});
afterAll(async () => {
  await paired.device[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

test.each([
  ["the wire is cut in a query", "close", CLOSED_IN_QUERY],
  [
    "the server ends the stream in a query",
    { stream_error: { code: 503 } },
    REJECTION_BY_STATUS[428],
  ],
])("%s: the send fails and nothing has left", async (_, action, row) => {
  const to = stranger();
  const back = paired.told.untilConnectedAgain();
  simulator.addFault({ on: "iq", match: { device: jid, xmlns: "usync" }, action });
  const sent = await paired.sendText(to);
  expect(sent).toMatchObject({ kind: "failed", failure: { code: row?.code } });
  expect(simulator.messagesOf(to)).toEqual([]);
  await back;
});

test("no key bundle in time: no device could be encrypted for", async () => {
  const to = stranger();
  simulator.addFault({
    on: "iq",
    match: { device: jid, xmlns: "encrypt" },
    action: "drop",
    times: 2,
  });
  expect(await paired.sendText(to)).toMatchObject({
    kind: "failed",
    failure: REJECTION_BY_TEXT["All encryptions failed"],
  });
  expect(simulator.messagesOf(to)).toEqual([]);
  simulator.clearFaults();
  expect(await paired.sendText(to)).toMatchObject({ kind: "acked" });
});

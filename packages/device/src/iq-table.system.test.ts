import type { Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";
import { PUBLISHED_IQS, UNKNOWN_CODE } from "./published-fixture.ts";

/** Every row of the table, said by the server to the queries that a send and a look-up need: nothing leaves. */
const recipient = "15550151001";
let simulator: Simulator;
let paired: TestDevice;
let jid: string;

beforeAll(async () => {
  simulator = await openTestSimulator();
  paired = testDevice(simulator);
  jid = await pair(simulator, paired, "15550151000");
});
afterAll(async () => {
  await paired.device[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

function refuse(xmlns: string, code: number): void {
  const action = { iq_error: { code, text: "as the test wishes" } };
  simulator.addFault({ on: "iq", match: { device: jid, xmlns }, action, times: 2 });
}

const ROWS = [
  ...Object.entries(PUBLISHED_IQS).map(([iq, code]) => [Number(iq), code] as const),
  [UNKNOWN_CODE, "SEND_FAILED"] as const,
];

test.each(ROWS)("a device query refused with %i is %s", async (iq, code) => {
  refuse("usync", iq);
  const failure = { code, cause: { data: iq } };
  expect(await paired.sendText(recipient)).toMatchObject({ kind: "failed", failure });
  simulator.clearFaults();
});

test.each(ROWS)("a look-up refused with %i is %s", async (iq, code) => {
  refuse("usync", iq);
  expect(await paired.device.checkRecipient(recipient)).toMatchObject({
    kind: "failed",
    failure: { code, cause: { data: iq } },
  });
  simulator.clearFaults();
});

test("nothing of all that has left, and then the message goes through", async () => {
  expect(simulator.messagesOf(recipient)).toEqual([]);
  expect(await paired.sendText(recipient)).toMatchObject({ kind: "acked" });
});

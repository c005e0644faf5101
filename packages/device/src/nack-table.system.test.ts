import type { Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";
import { PUBLISHED_NACKS, UNKNOWN_CODE } from "./published-fixture.ts";

/** Every row of the table, said by the server in its ack to one warm message after the other. */
const recipient = "15550150001";
let simulator: Simulator;
let paired: TestDevice;

beforeAll(async () => {
  simulator = await openTestSimulator();
  paired = testDevice(simulator);
  await pair(simulator, paired, "15550150000");
  await paired.sendText(recipient);
});
afterAll(async () => {
  await paired.device[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

test.each([
  ...Object.entries(PUBLISHED_NACKS).map(([nack, code]) => [Number(nack), code] as const),
  [UNKNOWN_CODE, "SEND_FAILED"] as const,
])("nack %i is %s", async (nack, code) => {
  simulator.addFault({ on: "message", match: { to: recipient }, action: { nack } });
  expect(await paired.sendText(recipient)).toMatchObject({
    kind: "failed",
    failure: { code, cause: { nack: String(nack) } },
  });
});

test("after all of them the next message goes through", async () => {
  expect(await paired.sendText(recipient)).toMatchObject({ kind: "acked" });
});

import type { Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";

let simulator: Simulator;
let last = 15_550_145_000;

beforeAll(async () => {
  simulator = await openTestSimulator();
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
});

async function pairedDevice(): Promise<{ first: TestDevice; jid: string; phone: string }> {
  last += 1;
  const phone = String(last);
  const first = testDevice(simulator);
  const jid = await pair(simulator, first, phone);
  return { first, jid, phone };
}

/** The same device in a later process, whose signed prekey is overdue. */
function overdue({ store, keys }: TestDevice): TestDevice {
  return testDevice(simulator, { store, keys, settings: { signed_prekey_rotation_ms: 1 } });
}

const line =
  (event: string) =>
  ({ logs }: TestDevice["told"]) =>
    logs.find((at) => at.event === event);

test("a new signed prekey stays; an old one is replaced soon after the login, once, and strangers reach us with it", async () => {
  const { first, jid, phone } = await pairedDevice();
  await first.sendText(phone);
  await first.device[Symbol.asyncDispose]();
  expect(simulator.keyStock(jid).signed_prekey_id).toBe(1);
  const later = overdue(first);
  await using device = later.device;
  device.connect();
  await later.told.until(line("device.signed_prekey_replaced"));
  expect(simulator.keyStock(jid).signed_prekey_id).toBe(2);
  const { id } = await simulator.sendFrom("15550140001", { to: phone, text: "x" });
  const heard = await simulator.waitFor(
    ({ kind, id: about }) => kind === "receipt_in" && about === id,
  );
  expect(heard.type).not.toBe("retry");
  await device.disconnect();
  const third = testDevice(simulator, { store: first.store, keys: first.keys });
  await using again = third.device;
  again.connect();
  await third.told.untilState("connected");
  await third.sendText(phone);
  expect(simulator.keyStock(jid).signed_prekey_id).toBe(2);
});

test("a replacement that WhatsApp did not confirm is logged, and the same key is offered at the next login", async () => {
  const { first, jid } = await pairedDevice();
  await first.device[Symbol.asyncDispose]();
  const later = overdue(first);
  await using device = later.device;
  // Count and digest of the login are answered, the replacement is not.
  simulator.addFault({
    on: "iq",
    match: { device: jid, xmlns: "encrypt" },
    action: { delay_ms: 0 },
    times: 2,
  });
  simulator.addFault({ on: "iq", match: { device: jid, xmlns: "encrypt" }, action: "drop" });
  device.connect();
  await later.told.until(line("device.signed_prekey_replaced_failed"));
  expect(simulator.keyStock(jid).signed_prekey_id).toBe(1);
  await device[Symbol.asyncDispose]();
  // Begun is begun: however young the key, it is finished.
  const third = testDevice(simulator, { store: first.store, keys: first.keys });
  await using again = third.device;
  again.connect();
  const replaced = await third.told.until(line("device.signed_prekey_replaced"));
  expect(replaced.fields).toEqual({ key_id: 2 });
  expect(simulator.keyStock(jid).signed_prekey_id).toBe(2);
});

test("the new key is in the store before WhatsApp hears of it", async () => {
  const { first, jid } = await pairedDevice();
  await first.device[Symbol.asyncDispose]();
  const later = overdue(first);
  await using device = later.device;
  const held = Promise.withResolvers<void>();
  const write = later.store.write.bind(later.store);
  later.store.write = async (changes) => {
    await held.promise;
    return write(changes);
  };
  device.connect();
  await later.told.untilState("connected");
  // A question and its answer later, nothing else has been said.
  simulator.setPhone("15550140009", { on_whatsapp: false });
  expect(await device.checkRecipient("15550140009")).toEqual({ kind: "absent" });
  const { entries } = simulator.log();
  expect(entries.some(({ device: of, operation }) => of === jid && operation === "rotate")).toBe(
    false,
  );
  held.resolve();
  await later.told.until(line("device.signed_prekey_replaced"));
});

import type { Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";

const OWN = "15550120000";
let simulator: Simulator;
let paired: TestDevice;
let jid: string;
let lastNumber = 15_550_120_001;

/** A recipient that nobody has written to. */
function stranger(): string {
  lastNumber += 1;
  return String(lastNumber);
}

beforeAll(async () => {
  simulator = await openTestSimulator();
  paired = testDevice(simulator);
  jid = await pair(simulator, paired, OWN);
});
afterAll(async () => {
  await paired.device[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

test("a text is acked, arrives as it was written, and its receipts come as evidence", async () => {
  const to = stranger();
  const sent = paired.sendText(to, "olá ✓ https://example.com/a");
  expect(await sent).toMatchObject({ kind: "acked", proof: "sent", at: expect.any(Number) });
  await paired.told.untilProven(sent.id, "delivered");
  await paired.told.untilProven(sent.id, "read");
  expect(simulator.messagesOf(to)).toMatchObject([
    { id: sent.id, from: OWN, text: "olá ✓ https://example.com/a", copies: 1 },
  ]);
});

test("a message to the own number arrives", async () => {
  const sent = paired.sendText(OWN, "note to self");
  expect(await sent).toMatchObject({ kind: "acked" });
  expect([...simulator.messagesOf(OWN), ...simulator.sentBy(OWN)].map(({ id }) => id)).toContain(
    sent.id,
  );
});

test("a cold recipient costs one write to the store, a warm one as well", async () => {
  const to = stranger();
  const before = paired.store.writes.length;
  await paired.sendText(to);
  await paired.told.until(() => paired.store.writes.length > before);
  const cold = paired.store.writes[before];
  expect([...(cold?.set.keys() ?? [])].map((name) => name.split(":")[0])).toEqual(
    expect.arrayContaining(["lid-mapping", "device-list", "session"]),
  );
});

test("a message to a known recipient asks WhatsApp nothing", async () => {
  const to = stranger();
  const { last: before } = simulator.log();
  await paired.sendText(to);
  // After the first message our trust token is given, once.
  await simulator.waitFor(({ operation }) => operation === "tokens", { after: before });
  const { last: after } = simulator.log();
  for (const text of ["two", "three"]) {
    const sent = paired.sendText(to, text);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await sent).toMatchObject({ kind: "acked" });
    // oxlint-disable-next-line no-await-in-loop
    await paired.told.untilProven(sent.id, "read");
  }
  expect(simulator.log(after).entries.filter(({ kind }) => kind === "iq")).toEqual([]);
});

describe("without an answer", () => {
  test("no ack but a receipt: the receipt proves it", async () => {
    simulator.addFault({ on: "message", match: { device: jid }, action: "no_ack" });
    expect(await paired.sendText(stranger())).toMatchObject({ kind: "acked", proof: "delivered" });
  });

  test("no ack and no receipt: unknown after the wait", async () => {
    const to = stranger();
    simulator.setPhone(to, { delivery_receipts: false, read_receipts: false });
    simulator.addFault({ on: "message", match: { device: jid }, action: "no_ack" });
    expect(await paired.sendText(to)).toMatchObject({
      kind: "unknown",
      failure: { code: "OUTCOME_UNKNOWN" },
    });
    expect(simulator.messagesOf(to).length).toBe(1);
  });

  test("a late ack is told as evidence", async () => {
    const to = stranger();
    simulator.setPhone(to, { delivery_receipts: false, read_receipts: false });
    simulator.addFault({ on: "message", match: { device: jid }, action: { delay_ms: 600 } });
    const sent = paired.sendText(to);
    expect((await sent).kind).toBe("unknown");
    expect(await paired.told.untilProven(sent.id, "sent")).toMatchObject({
      by: `${to}@s.whatsapp.net`,
    });
  });

  test("what was given up after it left is unknown", async () => {
    const to = stranger();
    simulator.setPhone(to, { delivery_receipts: false, read_receipts: false });
    simulator.addFault({ on: "message", match: { device: jid }, action: "no_ack" });
    const hurry = new AbortController();
    const sent = paired.sendText(to, "x", hurry.signal);
    await simulator.waitFor(
      (entry) => entry.kind === "message" && JSON.stringify(entry).includes(sent.id),
    );
    hurry.abort();
    expect((await sent).kind).toBe("unknown");
  });

  test("what was given up before it left never leaves", async () => {
    const to = stranger();
    simulator.addFault({
      on: "iq",
      match: { device: jid, xmlns: "usync" },
      action: { delay_ms: 150 },
    });
    const hurry = new AbortController();
    const { seq: after } = simulator.log().entries.at(-1) ?? { seq: 0 };
    const sent = paired.sendText(to, "x", hurry.signal);
    await simulator.waitFor(({ kind, xmlns }) => kind === "iq" && xmlns === "usync", { after });
    hurry.abort();
    expect(await sent).toMatchObject({ kind: "failed", failure: { code: "DEVICE_DISCONNECTED" } });
    // The next send on this device waits for the one before it.
    expect(await paired.sendText(stranger())).toMatchObject({ kind: "acked" });
    expect(simulator.messagesOf(to)).toEqual([]);
  });
});

describe("refused by WhatsApp", () => {
  test("after a 479 and a refresh the same id goes through", async () => {
    const to = stranger();
    await paired.sendText(to);
    simulator.addFault({ on: "message", match: { device: jid }, action: { nack: 479 } });
    expect((await paired.sendText(to)).kind).toBe("failed");
    const before = simulator.stats().iqs;
    await paired.device.refresh(`${to}@s.whatsapp.net`);
    expect((await paired.sendText(to, "again")).kind).toBe("acked");
    expect(simulator.stats().iqs).toBeGreaterThan(before);
    expect(simulator.messagesOf(to).at(-1)).toMatchObject({ text: "again" });
  });

  test("a device query without an answer is not taken for a recipient without devices", async () => {
    const to = stranger();
    simulator.addFault({ on: "iq", match: { device: jid, xmlns: "usync" }, action: "drop" });
    expect(await paired.sendText(to)).toMatchObject({
      kind: "failed",
      failure: { code: "CLIENT_ERROR" },
    });
    expect(simulator.messagesOf(to)).toEqual([]);
  });
});

test.each(["phash", "refresh_lid"])(
  "an ack with %s makes the next send ask for the recipient's devices, once for a while",
  async (hint) => {
    const to = stranger();
    const devicesAsked = async (): Promise<number> => {
      const { last: after } = simulator.log();
      expect(await paired.sendText(to)).toMatchObject({ kind: "acked" });
      return simulator.log(after).entries.filter(({ xmlns }) => xmlns === "usync").length;
    };
    await paired.sendText(to);
    expect(await devicesAsked()).toBe(0);
    const action = { [hint]: true };
    simulator.addFault({ on: "message", match: { to }, action, times: 2 });
    await paired.sendText(to);
    expect(await devicesAsked()).toBe(1);
    expect(await devicesAsked()).toBe(0);
    expect(simulator.faults()).toEqual([]);
  },
);

describe("an unregistered number", () => {
  test("is absent when asked for, and nothing is sent to it", async () => {
    const to = stranger();
    simulator.setPhone(to, { on_whatsapp: false });
    expect(await paired.device.checkRecipient(to)).toEqual({ kind: "absent" });
    expect(await paired.sendText(to)).toMatchObject({
      kind: "failed",
      failure: { code: "CLIENT_ERROR" },
    });
    const { entries } = simulator.log();
    expect(
      entries.some((entry) => entry.kind === "message" && JSON.stringify(entry).includes(to)),
    ).toBe(false);
  });

  test("a registered one exists, with its LID", async () => {
    const to = stranger();
    expect(await paired.device.checkRecipient(to)).toEqual({
      kind: "exists",
      jid: `${to}@s.whatsapp.net`,
      lid: expect.stringMatching(/^\d+@lid$/),
    });
  });

  test("a look-up that finds one leaves the first message one query: the keys", async () => {
    const to = stranger();
    await paired.sendText(stranger());
    const { last: before } = simulator.log();
    await paired.device.checkRecipient(to);
    expect(await paired.sendText(to)).toMatchObject({ kind: "acked" });
    await simulator.waitFor(({ operation }) => operation === "tokens", { after: before });
    const asked = simulator
      .log(before)
      .entries.filter(({ kind }) => kind === "iq")
      .map(({ xmlns, operation }) => `${xmlns} ${operation}`);
    expect(asked).toEqual(["usync usync", "encrypt key", "privacy tokens"]);
  });

  test("one with companions gets the message on all of them", async () => {
    const other = testDevice(simulator);
    await using _ = other.device;
    const to = stranger();
    await pair(simulator, other, to);
    expect(await paired.device.checkRecipient(to)).toMatchObject({ kind: "exists" });
    const sent = paired.sendText(to);
    expect(await sent).toMatchObject({ kind: "acked" });
    await other.told.until(({ inbound }) => inbound.find(({ id }) => id === sent.id));
    expect(simulator.messagesOf(to)).toMatchObject([{ id: sent.id }]);
  });

  test("a look-up of somebody known leaves the session and the device query alone", async () => {
    const to = stranger();
    await paired.sendText(to);
    await paired.device.refresh(`${to}@s.whatsapp.net`);
    await paired.sendText(to);
    await paired.device.checkRecipient(to);
    expect(await paired.sendText(to)).toMatchObject({ kind: "acked" });
    expect(simulator.stats().unreadable).toBe(0);
  });

  test("where WhatsApp refuses the question with the devices, the plain one is asked", async () => {
    const action = { iq_error: { code: 400, text: "bad-request" } };
    simulator.addFault({ on: "iq", match: { device: jid, xmlns: "usync" }, action });
    const to = stranger();
    expect(await paired.device.checkRecipient(to)).toMatchObject({ kind: "exists" });
    expect(await paired.sendText(to)).toMatchObject({ kind: "acked" });
  });

  test("a look-up without an answer, or refused, is a failure and not an absence", async () => {
    simulator.addFault({ on: "iq", match: { device: jid, xmlns: "usync" }, action: "drop" });
    expect(await paired.device.checkRecipient(stranger())).toMatchObject({
      failure: { code: "CLIENT_ERROR" },
    });
    const action = { iq_error: { code: 429, text: "rate-overlimit" } };
    simulator.addFault({ on: "iq", match: { device: jid, xmlns: "usync" }, action });
    expect(await paired.device.checkRecipient(stranger())).toMatchObject({
      failure: { code: "THROTTLED" },
    });
  });
});

test("somebody who writes is told by number, never by text", async () => {
  const from = stranger();
  const { id } = await simulator.sendFrom(from, { to: OWN, text: "a secret" });
  expect(
    await paired.told.until(({ inbound }) => inbound.find((at) => at.id === id)),
  ).toMatchObject({ from });
  expect(JSON.stringify({ ...paired.told, received: [] })).not.toContain("a secret");
});

test("a recipient that asks again gets the same message from what the caller remembers", async () => {
  const to = stranger();
  simulator.addFault({ on: "receipt", match: { to }, action: "retry" });
  const sent = paired.sendText(to, "once more");
  await sent;
  await paired.told.untilProven(sent.id, "delivered");
  expect(simulator.messagesOf(to)).toMatchObject([{ id: sent.id, text: "once more" }]);
});

test("a restricted account is told with its end, says so in the failure, and is connected again after it", async () => {
  const restricted = testDevice(simulator);
  await using device = restricted.device;
  const phone = stranger();
  await pair(simulator, restricted, phone);
  const until = (Math.floor(Date.now() / 1_000) + 2) * 1_000;
  simulator.setPhone(phone, { restricted_until: until / 1_000 });
  const failure = { code: "ACCOUNT_RESTRICTED", notBefore: until };
  expect(await restricted.sendText(stranger())).toMatchObject({ kind: "failed", failure });
  expect(restricted.told.states.at(-1)).toMatchObject({
    state: "restricted",
    cause: "new_chats_restricted",
    code: "ACCOUNT_RESTRICTED",
    until,
  });
  expect(device.state()).toBe("restricted");
  await restricted.told.untilState("connected", "restriction_ended");
  expect(await restricted.sendText(stranger())).toMatchObject({ kind: "acked" });
});

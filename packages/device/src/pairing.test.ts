import type { Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryStore, openTestSimulator, pair, someKeys, testDevice } from "./device-fixture.ts";

let simulator: Simulator;
beforeAll(async () => {
  simulator = await openTestSimulator({ tlsPort: 0 });
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
});

test("a device pairs by QR over TLS, restarts once and is connected", async () => {
  const paired = testDevice(simulator, { url: simulator.wssUrl ?? "" });
  await using device = paired.device;
  const jid = await pair(simulator, paired, "15550110001");
  expect(jid).toBe("15550110001:1@s.whatsapp.net");
  expect(paired.told.states.map(({ state, cause }) => [state, cause])).toEqual([
    ["pairing", undefined],
    ["connecting", "restart_required"],
    ["connected", undefined],
  ]);
  expect(paired.told.states.at(-1)).toMatchObject({
    phone: "15550110001",
    jid,
    lid: expect.stringMatching(/@lid$/),
  });
  expect(device.connectedSince()).toBeGreaterThan(0);
});

test("a device pairs by code", async () => {
  const { device, told } = testDevice(simulator);
  await using _ = device;
  const asked = await device.pairingCode("+1 (555) 011-0002");
  if (asked.kind === "failed") throw new Error(asked.failure.detail);
  expect(asked.code).toMatch(/^[0-9A-Z]{8}$/);
  expect(asked.expiresAt).toBeGreaterThan(Date.now() + 60_000);
  await simulator.enterCode("15550110002", asked.code);
  expect(await told.untilState("connected")).toMatchObject({ phone: "15550110002" });
  expect(await device.pairingCode("15550110002")).toMatchObject({ failure: { code: "CONFLICT" } });
});

test("with its credentials a device logs in without pairing, in another process as it were", async () => {
  const store = memoryStore();
  const keys = someKeys();
  {
    const first = testDevice(simulator, { store, keys });
    await using _ = first.device;
    await pair(simulator, first, "15550110003");
  }
  const second = testDevice(simulator, { store, keys });
  await using device = second.device;
  device.connect();
  expect(await second.told.untilState("connected")).toMatchObject({ phone: "15550110003" });
  expect(second.told.qrs).toEqual([]);
  expect(await second.sendText("15550110004")).toMatchObject({ kind: "acked" });
});

test("connect may be called again, and disconnect drops the socket but not the credentials", async () => {
  const paired = testDevice(simulator);
  await using device = paired.device;
  await pair(simulator, paired, "15550110005");
  device.connect();
  await device.disconnect();
  expect(paired.told.states.at(-1)).toMatchObject({ state: "disconnected", cause: "requested" });
  expect(await paired.sendText("15550110004")).toMatchObject({
    failure: { code: "DEVICE_DISCONNECTED" },
  });
  expect(device.connectedSince()).toBeUndefined();
  device.connect();
  await paired.told.until(
    ({ states }) => states.filter(({ state }) => state === "connected").length === 2,
  );
  await device.disconnect();
  await device.disconnect();
  expect(paired.store.erased).toBe(0);
});

test("a QR code that nobody scans ends the pairing and leaves nothing behind", async () => {
  const unpaired = testDevice(simulator, { settings: { qr_kept_ms: 30 } });
  await using device = unpaired.device;
  device.connect();
  const change = await unpaired.told.untilState("disconnected");
  expect(change).toMatchObject({ cause: "qr_timeout", code: "DEVICE_NOT_READY" });
  expect(unpaired.told.qrs.length).toBe(6);
  expect(new Set(unpaired.told.qrs.map(({ text }) => text)).size).toBe(6);
  expect(unpaired.store.records.size).toBe(0);
  expect(await unpaired.sendText("15550110004")).toMatchObject({
    failure: { code: "DEVICE_NOT_READY" },
  });
});

test("a pairing whose connection dies after a code was asked for starts afresh and can be finished", async () => {
  const half = testDevice(simulator);
  await using device = half.device;
  expect((await device.pairingCode("15550110006")).kind).toBe("code");
  const before = half.told.qrs.length;
  await device.reconnect("test");
  const { text } = await half.told.until(({ qrs }) => qrs.length > before && qrs.at(-1));
  expect(half.told.states.map(({ state }) => state)).not.toContain("logged_out");
  await simulator.scanQr(text, "15550110006");
  expect(await half.told.untilState("connected")).toMatchObject({ phone: "15550110006" });
});

test("the credentials are in the store before the paired device restarts", async () => {
  const paired = testDevice(simulator);
  await using device = paired.device;
  device.connect();
  const { text } = await paired.told.until(({ qrs }) => qrs.at(-1));
  paired.store.next.push("fail");
  await simulator.scanQr(text, "15550110007");
  await paired.told.untilState("connecting");
  expect([...paired.store.records.keys()]).toEqual(["creds"]);
  await paired.told.untilState("connected");
});

test("logout unlinks at WhatsApp and erases the credentials", async () => {
  const paired = testDevice(simulator);
  await using device = paired.device;
  const jid = await pair(simulator, paired, "15550110008");
  expect(await device.logout()).toEqual({ kind: "logged-out" });
  expect(paired.store.records.size).toBe(0);
  expect(device.state()).toBe("logged_out");
  expect(paired.told.states.filter(({ state }) => state === "logged_out").length).toBe(1);
  const { entries } = simulator.log();
  expect(
    entries.some((entry) => entry.kind === "unlinked" && JSON.stringify(entry).includes(jid)),
  ).toBe(true);
});

test("a device that is away is logged out without WhatsApp", async () => {
  const paired = testDevice(simulator);
  await using device = paired.device;
  await pair(simulator, paired, "15550110009");
  await device.disconnect();
  expect(await device.logout()).toEqual({ kind: "logged-out" });
  expect(paired.store.records.size).toBe(0);
});

test("a logout that WhatsApp does not answer fails and keeps the credentials", async () => {
  const paired = testDevice(simulator, { settings: { query_timeout_ms: 200 } });
  await using device = paired.device;
  const jid = await pair(simulator, paired, "15550110010");
  simulator.addFault({ on: "iq", match: { device: jid, xmlns: "md" }, action: "drop" });
  expect(await device.logout()).toMatchObject({
    kind: "failed",
    failure: { code: "UPSTREAM_FAILED" },
  });
  expect(paired.store.records.size).toBeGreaterThan(0);
  expect(device.state()).toBe("connected");
});

test.each(["by QR", "by code"])(
  "an account that asks for a passkey can't be linked %s: said so, nothing left behind",
  async (way) => {
    const phone = "15550110011";
    simulator.setPhone(phone, { passkey: true });
    const unpaired = testDevice(simulator);
    await using device = unpaired.device;
    device.connect();
    const { text } = await unpaired.told.until(({ qrs }) => qrs.at(-1));
    if (way === "by QR") await expect(simulator.scanQr(text, phone)).rejects.toThrow("passkey");
    else {
      const asked = await device.pairingCode(phone);
      const code = asked.kind === "code" ? asked.code : "";
      await expect(simulator.enterCode(phone, code)).rejects.toThrow("passkey");
    }
    expect(await unpaired.told.untilState("disconnected")).toMatchObject({
      cause: "passkey_required",
      code: "PAIRING_UNSUPPORTED",
    });
    expect(unpaired.store.records.size).toBe(0);
  },
);

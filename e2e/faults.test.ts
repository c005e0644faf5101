import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
/** A recipient that no other test writes to. */
const someone = () => `55119100${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());
beforeEach(() => pombo.control("DELETE", "/admin/faults"));

test("relayed without an ack: never sent, and its receipt makes it delivered", async () => {
  const to = someone();
  await pombo.fault("message", "no_ack", { match: { to } });
  const id = await pombo.send(to, "no ack");
  const message = await pombo.until(id, settled);
  const seen = message.timeline.map(({ status }) => status);
  expect(seen.slice(0, 3)).toEqual(["queued", "sending", "delivered"]);
  expect(seen).not.toContain("sent");
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, copies: 1 }]);
});

test("no ack and no receipts: unknown, three more rounds with the same id, then failed; the phone has one message", async () => {
  const to = someone();
  await pombo.control("POST", `/admin/phones/${to}/settings`, {
    delivery_receipts: false,
    read_receipts: false,
  });
  await pombo.fault("message", "no_ack", { match: { to }, times: 10 });
  const id = await pombo.send(to, "silence");
  await pombo.until(id, ({ status }) => status === "unknown");
  const message = await pombo.until(id, settled, 40_000);
  expect(message).toMatchObject({
    status: "failed",
    attempts: 4,
    last_error: { error_code: "OUTCOME_UNKNOWN" },
  });
  const shown = await pombo.phoneMessages(to);
  expect(shown).toMatchObject([{ id, copies: 4 }]);
});

test("a black hole, then a new connection: delivered under one id", async () => {
  const to = someone();
  await pombo.fault("message", "blackhole", { match: { to } });
  const id = await pombo.send(to, "swallowed");
  await pombo.until(id, ({ status }) => status === "unknown");
  const message = await pombo.until(id, settled);
  expect(message).toMatchObject({ status: "read", attempts: 2 });
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, copies: 1 }]);
});

test.each(["close_before_relay", "close_after_relay"])(
  "%s: read in the end, one message on the phone",
  async (action) => {
    const to = someone();
    await pombo.fault("message", action, { match: { to } });
    const id = await pombo.send(to, action);
    const message = await pombo.until(id, settled);
    expect(message.status).toBe("read");
    expect((await pombo.phoneMessages(to)).map(({ id: shown }) => shown)).toEqual([id]);
  },
);

test("nack 500 is retried with the same id", async () => {
  const to = someone();
  await pombo.fault("message", { nack: 500 }, { match: { to } });
  const id = await pombo.send(to, "again");
  const message = await pombo.until(id, settled);
  expect(message).toMatchObject({
    status: "read",
    attempts: 2,
    last_error: { error_code: "SEND_FAILED" },
  });
});

test("nack 479 is refreshed and sent once more; twice, it fails", async () => {
  const to = someone();
  await pombo.fault("message", { nack: 479 }, { match: { to } });
  const id = await pombo.send(to, "stale");
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 2 });
  await pombo.fault("message", { nack: 479 }, { match: { to }, times: 2 });
  const lost = await pombo.send(to, "stale twice");
  expect(await pombo.until(lost, settled)).toMatchObject({
    status: "failed",
    attempts: 2,
    last_error: { error_code: "STALE_ADDRESSING" },
  });
});

test("nack 400 is final at once", async () => {
  const to = someone();
  await pombo.fault("message", { nack: 400 }, { match: { to } });
  const id = await pombo.send(to, "malformed");
  expect(await pombo.until(id, settled)).toMatchObject({
    status: "failed",
    attempts: 1,
    last_error: { error_code: "SEND_REJECTED" },
  });
});

test("nack 463 holds cold sends with a reason and a time, and goes on by itself", async () => {
  const to = someone();
  await pombo.fault("message", { nack: 463 }, { match: { to } });
  const id = await pombo.send(to, "restricted");
  const held = await pombo.until(id, ({ blocked_by: why }) => why === "account_hold");
  expect(held).toMatchObject({
    status: "queued",
    attempts: 1,
    last_error: { error_code: "ACCOUNT_RESTRICTED" },
  });
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 2 });
});

test("a query answered 429 rests the lane, uses no attempt up, and nothing hangs", async () => {
  const to = someone();
  await pombo.fault(
    "iq",
    { iq_error: { code: 429, text: "rate-overlimit" } },
    { match: { xmlns: "usync" } },
  );
  const id = await pombo.send(to, "slow down");
  const waiting = await pombo.until(id, ({ last_error: error }) => error !== null);
  expect(waiting).toMatchObject({
    status: "queued",
    attempts: 0,
    last_error: { error_code: "THROTTLED" },
  });
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 1 });
});

test("a login that fails for now is tried again", async () => {
  const match = { device: pombo.ready.phone };
  await pombo.fault("login", { failure: 503 }, { match });
  await pombo.fault("socket", { stream_error: { code: 503 } }, { match });
  const id = await pombo.send(someone(), "after a failed login");
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
});

test("a number that is not on WhatsApp fails, and no stanza was written", async () => {
  const to = someone();
  await pombo.control("POST", `/admin/phones/${to}/settings`, { on_whatsapp: false });
  const id = await pombo.send(to, "nobody");
  expect(await pombo.until(id, settled)).toMatchObject({
    status: "failed",
    last_error: { error_code: "RECIPIENT_NOT_ON_WHATSAPP" },
  });
  expect(JSON.stringify(await pombo.control("GET", "/admin/log?after=0"))).not.toContain(id);
});

test("a device that is not paired: the message waits with its reason, and is sent after the pairing", async () => {
  const created = await pombo.api<{ device_id: string }>("POST", "/v1/devices", { name: "second" });
  const device = created.body.device_id;
  const to = someone();
  const id = await pombo.send(to, "patience", { from: device });
  await pombo.until(id, ({ blocked_by: why }) => why === "device_offline");
  await pombo.api("POST", `/v1/devices/${device}/connect`);
  const qr = await pombo.api<{ qr: string }>("GET", `/v1/devices/${device}/qr`);
  await pombo.control("POST", "/admin/mock-phone/scan-qr?phone=5511900000077", qr.body.qr);
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, text: "patience", copies: 1 }]);
});

test("another login takes the device over: one reconnect, then it stops until the user connects", async () => {
  const match = { device: pombo.ready.phone };
  await pombo.fault("socket", "replaced", { match });
  const id = await pombo.send(someone(), "after one replacement");
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
  await pombo.fault("socket", "replaced", { match });
  const waiting = await pombo.send(someone(), "after two");
  await pombo.until(waiting, ({ blocked_by: why }) => why === "device_offline");
  const device = await pombo.api<{ state: string }>("GET", `/v1/devices/${pombo.ready.device_id}`);
  expect(device.body).toMatchObject({ state: "disconnected", cause: "replaced" });
  await pombo.api("POST", `/v1/devices/${pombo.ready.device_id}/connect`);
  expect(await pombo.until(waiting, settled)).toMatchObject({ status: "read" });
});

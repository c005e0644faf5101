import type { DeviceId } from "@pombo/domain";
import type { DeviceChange, DeviceRequest, Ownership } from "@pombo/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Called, openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ device_request_wait_ms: 1_500 });
});
afterAll(() => api[Symbol.asyncDispose]());

/** A device with an owner that does what the test says. */
async function setup() {
  const id = await api.addDevice();
  const taken = await api.ledger.take(id, "test");
  if (taken === undefined) throw new Error("the lease is taken");
  const own: Ownership = taken;
  const change = (to: Omit<DeviceChange, "now">) =>
    api.ledger.changeDevice(own, { ...to, now: Date.now() });
  const post = (action: string, body?: object) =>
    api.call("POST", `/v1/devices/${id}/${action}`, body === undefined ? {} : { body });
  const qr = (accept: string) => api.call("GET", `/v1/devices/${id}/qr`, { headers: { accept } });
  return { id, change, post, qr, asked: () => nextRequest(id) };
}

async function nextRequest(id: DeviceId): Promise<DeviceRequest> {
  let request: DeviceRequest | undefined;
  await expect.poll(async () => (request = await api.ledger.nextRequest(id))).toBeDefined();
  if (request === undefined) throw new Error("nothing was asked");
  return request;
}

const PAIRED = { state: "connected", phone: "5511988887777" } as const;

test("a device is created, listed and read", async () => {
  const created = await api.call("POST", "/v1/devices", { body: { name: "Support" } });
  expect(created.status).toBe(201);
  expect(created.body).toEqual({
    success: true,
    device_id: expect.stringMatching(/^dev_[0-9a-f]{16}$/),
    name: "Support",
    state: "created",
    cause: null,
    jid: null,
    phone_number: null,
    pace: {},
    created_at: expect.any(String),
    state_since: expect.any(String),
    last_seen: null,
  });
  const read = await api.call("GET", `/v1/devices/${String(created.body["device_id"])}`);
  expect(read.body).toEqual(created.body);
  const list = await api.call("GET", "/v1/devices");
  const { success: _success, ...fields } = created.body;
  expect(list.body["devices"]).toContainEqual(fields);
});

test("the list goes by pages", async () => {
  await Promise.all([api.addDevice(), api.addDevice(), api.addDevice()]);
  const all = (await api.call("GET", "/v1/devices")).body["devices"] as object[];
  const walked: object[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const after = cursor === "" ? "" : `&cursor=${cursor}`;
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const { body }: Called = await api.call("GET", `/v1/devices?limit=2${after}`);
    walked.push(...(body["devices"] as object[]));
    cursor = body["next_cursor"] as string | null;
  }
  expect(walked).toEqual(all);
});

test.each(["", "&lanes=true"])(
  "a page goes on where the last one ended though its device was deleted (%s)",
  async (query) => {
    await using fresh = await openTestApi();
    const ids: DeviceId[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (let count = 0; count < 4; count += 1) ids.push(await fresh.addDevice());
    const page = async (cursor = ""): Promise<Called["body"]> =>
      (await fresh.call("GET", `/v1/devices?limit=1${query}${cursor}`)).body;
    const first = await page();
    const [{ device_id: shown }] = first["devices"] as [{ device_id: DeviceId }];
    await fresh.call("DELETE", `/v1/devices/${shown}`);
    const told = [shown];
    for (let next = first["next_cursor"] as string | null; next !== null;) {
      // oxlint-disable-next-line no-await-in-loop -- page by page
      const body = await page(`&cursor=${next}`);
      told.push(...(body["devices"] as { device_id: DeviceId }[]).map(({ device_id: id }) => id));
      next = body["next_cursor"] as string | null;
    }
    expect(told.toSorted()).toEqual(ids.toSorted());
  },
);

const create = (name: string) =>
  api.call("POST", "/v1/devices", { body: { name }, headers: { "idempotency-key": "device" } });

test("the same Idempotency-Key creates one device", async () => {
  const first = await create("one");
  const other = await create("two");
  expect(other).toMatchObject({ status: 409, body: { error_code: "IDEMPOTENCY_KEY_REUSED" } });
  const repeated = await create("one");
  expect([201, 409]).toContain(repeated.status);
  if (repeated.status === 201) expect(repeated.text).toBe(first.text);
});

test("a limited key sees its devices only, and creates none", async () => {
  const [mine, other] = [await api.addDevice(), await api.addDevice()];
  const key = api.addKey({ scopes: ["devices:manage"], devices: [mine] });
  const list = await api.call("GET", "/v1/devices", { key });
  expect(list.body["devices"]).toMatchObject([{ device_id: mine }]);
  expect((await api.call("GET", `/v1/devices/${mine}`, { key })).status).toBe(200);
  expect((await api.call("GET", `/v1/devices/${other}`, { key })).status).toBe(404);
  const created = await api.call("POST", "/v1/devices", { key, body: { name: "x" } });
  expect(created).toMatchObject({ status: 403, body: { error_code: "FORBIDDEN" } });
});

test("connect: 201 when a pairing starts", async () => {
  const device = await setup();
  const answer = device.post("connect");
  await expect.poll(async () => (await api.ledger.findDevice(device.id))?.wanted).toBe("connected");
  await device.change({ state: "pairing" });
  expect(await answer).toMatchObject({ status: 201, body: { state: "pairing" } });
});

test("connect: 200 when a paired device is on its way, 409 when it is connected", async () => {
  const device = await setup();
  await device.change(PAIRED);
  await device.change({ state: "disconnected" });
  const answer = device.post("connect");
  await device.change({ state: "connecting" });
  expect(await answer).toMatchObject({ status: 200, body: { phone_number: PAIRED.phone } });
  await device.change({ state: "connected" });
  expect(await device.post("connect")).toMatchObject({
    status: 409,
    body: { error_code: "CONFLICT" },
  });
});

test("connect without a worker is SERVICE_UNAVAILABLE", async () => {
  const id = await api.addDevice();
  const answer = await api.call("POST", `/v1/devices/${id}/connect`);
  expect(answer).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
});

test("the QR code is waited for, and comes as JSON, PNG or text", async () => {
  const device = await setup();
  await api.ledger.setWanted(device.id, "connected");
  const waiting = device.qr("application/json");
  await api.ledger.showQr(device.id, { text: "2@code", expiresAt: Date.now() + 20_000 });
  const { status, body } = await waiting;
  expect(status).toBe(200);
  expect(body).toMatchObject({ success: true, qr: "2@code", expires_at: expect.any(String) });
  expect(body["ttl"]).toBeGreaterThan(15);

  const png = await device.qr("image/png");
  expect(png.headers.get("content-type")).toBe("image/png");
  expect(png.text.slice(1, 4)).toBe("PNG");
  const text = await device.qr("text/plain");
  expect(text.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(text.text).toMatch(/[█▀▄]/);
});

test("no QR code: 503 when none comes, 409 when the device is paired", async () => {
  const device = await setup();
  expect(await device.qr("*/*")).toMatchObject({
    status: 503,
    body: { error_code: "DEVICE_NOT_READY" },
  });
  await device.change(PAIRED);
  expect(await device.qr("image/png")).toMatchObject({
    status: 409,
    body: { error_code: "CONFLICT" },
  });
});

test("a pairing code is asked of the owner", async () => {
  const device = await setup();
  const answer = device.post("pairing-code", { phone: "+55 11 98888-7777" });
  const { id, kind, phone } = await device.asked();
  expect([kind, phone]).toEqual(["pairing-code", "5511988887777"]);
  const data = { code: "ABCD1234", expires_at: Date.now() + 60_000 };
  await api.ledger.reply(device.id, id, { kind: "done", data });
  expect(await answer).toMatchObject({
    status: 200,
    body: { success: true, code: "ABCD1234", expires_at: new Date(data.expires_at).toISOString() },
  });
});

test("what the owner refuses is answered with its code; a silent owner is DEVICE_ERROR", async () => {
  const device = await setup();
  const answer = device.post("pairing-code", { phone: "5511988887777" });
  const { id } = await device.asked();
  const reply = { kind: "failed", code: "PAIRING_UNSUPPORTED", detail: "" } as const;
  await api.ledger.reply(device.id, id, reply);
  expect(await answer).toMatchObject({
    status: 503,
    body: { error_code: "PAIRING_UNSUPPORTED" },
  });
  expect(await device.post("pairing-code", { phone: "5511988887777" })).toMatchObject({
    status: 500,
    body: { error_code: "DEVICE_ERROR" },
  });
});

test("disconnect and logout go through the owner; an unpaired device has nothing to log out of", async () => {
  const device = await setup();
  expect(await device.post("logout")).toMatchObject({ status: 409 });
  await device.change(PAIRED);
  const disconnected = device.post("disconnect");
  const first = await device.asked();
  await device.change({ state: "disconnected" });
  await api.ledger.reply(device.id, first.id, { kind: "done", data: {} });
  expect(await disconnected).toMatchObject({ status: 200, body: { state: "disconnected" } });
  const loggedOut = device.post("logout");
  const second = await device.asked();
  expect([first.kind, second.kind]).toEqual(["disconnect", "logout"]);
  await device.change({ state: "logged_out" });
  await api.ledger.reply(device.id, second.id, { kind: "done", data: {} });
  expect(await loggedOut).toMatchObject({ status: 200, body: { state: "logged_out" } });
});

test("limits, errors and the document are served", async () => {
  const limits = await api.call("GET", "/v1/limits");
  expect(limits.body["limits"]).toMatchObject({ device_request_wait_ms: { value: 1_500 } });
  expect((await api.call("GET", "/v1/limits", { key: null })).status).toBe(401);
  const errors = await api.call("GET", "/v1/errors", { key: null });
  expect(errors.body).toMatchObject({ success: true });
  const document = await api.call("GET", "/openapi.json", { key: null });
  expect(document.body).toMatchObject({ openapi: "3.1.0" });
});

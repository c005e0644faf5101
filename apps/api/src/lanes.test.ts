import type { DeviceId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ device_request_wait_ms: 1_500 });
});
afterAll(() => api[Symbol.asyncDispose]());

/** A connected device with an owner, and a message that waits for it. */
async function setup() {
  const id = await api.addDevice();
  const own = await api.ledger.take(id, "worker-7#abc");
  if (own === undefined) throw new Error("the lease is taken");
  const change = { state: "connected", phone: "5511988887777" } as const;
  await api.ledger.changeDevice(own, { ...change, now: Date.now() });
  const body = { from: id, to: "5511999999999", text: "hello" };
  const send = async (): Promise<string> =>
    String((await api.call("POST", "/v1/messages", { body })).body["message_id"]);
  const message = await send();
  const lane = (action = "", method = action === "" ? "GET" : "POST") =>
    api.call(method, `/v1/devices/${id}/lane${action}`);
  const read = (of = message) => api.call("GET", `/v1/messages/${of}`);
  return { id, own, message, send, lane, read };
}

test("a lane tells what waits, how fast it goes, and who runs it", async () => {
  const { id, lane } = await setup();
  const pace = { per_minute: 60, daily_cap: 10 };
  await api.call("PATCH", `/v1/devices/${id}`, { body: { pace } });
  const { status, body } = await lane();
  expect(status).toBe(200);
  expect(body).toMatchObject({
    device_id: id,
    depth: { backlog: { otp: 0, high: 0, normal: 1, bulk: 0 }, held: 0, in_window: 0, total: 1 },
    rate: { gap_ms: 1_000, daily_cap: 10, cold_daily_cap: null },
    budget: { left: 10, cold_left: null },
    paused: false,
    owner: "worker-7",
    blocked_by: null,
    eta: expect.any(String),
  });
});

test("pause and resume show in the lane and in its messages, and may be said twice", async () => {
  const { lane, read } = await setup();
  for (const answer of [await lane("/pause"), await lane("/pause")])
    expect(answer).toMatchObject({
      status: 200,
      body: {
        paused: true,
        blocked_by: "lane_paused",
        blocked_since: expect.any(String),
        eta: null,
      },
    });
  expect((await read()).body["blocked_by"]).toBe("lane_paused");
  for (const answer of [await lane("/resume"), await lane("/resume")])
    expect(answer).toMatchObject({ status: 200, body: { paused: false, blocked_by: null } });
});

test("the gates say in order what stops a lane, and what waits says why", async () => {
  const { id, send, lane, message } = await setup();
  await api.ledger.reportWorker("worker-7#abc", true, 1);
  const at = new Date(Date.now() + 3_600_000).toISOString();
  const later = { from: id, to: "5511999999998", text: "later", send_at: at };
  await api.call("POST", "/v1/messages", { body: later });
  const second = await send();
  const order = { gated: [second], held: [], later: [], now: Date.now(), jitter: 0 };
  const own = await api.ledger.take(id, "worker-7#abc");
  const view = await api.ledger.peek(id, Date.now());
  if (own === undefined) throw new Error("the lease is lost");
  await api.redis.sadd(`{pombo:c0}:gate:${id}:5511999999999`, message);
  await api.ledger.feed(own, { ...order, pace: view.pace });
  const free = await lane("/gates", "GET");
  expect(free.status, free.text).toBe(200);
  expect(free.body).toMatchObject({
    device_id: id,
    unexplained: false,
    complete: true,
    waiting: [
      { reason: "pacing", count: 1, message_id: message },
      { reason: "order", count: 1, message_id: second },
      { reason: "scheduled", count: 1, until: at },
    ],
  });
  await lane("/pause");
  const { body } = await lane("/gates", "GET");
  const gates = body["gates"] as { gate: string; state: string; waiting: number }[];
  expect(gates.slice(0, 4)).toMatchObject([
    { gate: "worker", state: "pass" },
    { gate: "connection", state: "pass" },
    { gate: "pause", state: "stop", waiting: 1, since: expect.any(String) },
    { gate: "throttle", state: "not_reached" },
  ]);
  const paused = await lane();
  expect(paused.body).toMatchObject({
    paused_at: expect.any(String),
    paused_by: expect.any(String),
    epoch: 1,
    pace: { actual_per_minute: 0, allowed_per_minute: null },
  });
  const history = await api.call("GET", `/v1/devices/${id}/history`);
  expect(history.body["history"]).toMatchObject([
    { what: "lane.paused", key_id: paused.body["paused_by"] },
    { what: "state", state: "connected", cause: null },
    { what: "owner", owner: "worker-7#abc", epoch: 1 },
  ]);
});

test("the list tells what waits on each device, page by page or by name", async () => {
  const { id } = await setup();
  const other = await api.addDevice();
  const list = async (query: string, key?: string) => {
    const answer = await api.call(
      "GET",
      `/v1/devices?lanes=true${query}`,
      key === undefined ? {} : { key },
    );
    expect(answer.status, answer.text).toBe(200);
    return answer.body["devices"] as { device_id: string; lane: object }[];
  };
  const shown = {
    waiting: 1,
    held: 0,
    blocked_by: null,
    paused: false,
    owner: "worker-7#abc",
    attention: null,
  };
  await expect
    .poll(() => list(`&ids=${other},${id}`))
    .toMatchObject([
      { device_id: id, name: "test", phone_number: "5511988887777", lane: { waiting: 1 } },
      { device_id: other, state: "created", lane: { waiting: 0, owner: null } },
    ]);
  const key = api.addKey({ scopes: ["devices:manage"], devices: [id] });
  expect(await list("", key)).toMatchObject([{ device_id: id, state: "connected", lane: shown }]);
  const all = await api.call("GET", "/v1/devices?lanes=true&limit=1");
  const next = String(all.body["next_cursor"]);
  const [second] = await list(`&limit=1&cursor=${next}`);
  expect(second?.device_id).not.toBe(next);
  const plain = await api.call("GET", `/v1/devices?ids=${id}`);
  expect(plain.body["devices"]).toMatchObject([{ device_id: id }]);
  expect((await api.call("GET", "/v1/devices?ids=x")).status).toBe(400);
});

test("devices that are asked for by name are told page by page, each of them once", async () => {
  await using fresh = await openTestApi();
  const ids = ["dev_000000000000000b", "dev_000000000000000c", "dev_000000000000000a"];
  for (const [at, id] of ids.entries()) {
    const device = { id: id as DeviceId, name: "test", keyId: "key_0", at };
    // oxlint-disable-next-line no-await-in-loop -- in the order of their creation, which is not that of their ids
    await fresh.ledger.createDevice(device);
  }
  const told: string[] = [];
  const path = `/v1/devices?lanes=true&limit=1&ids=${ids.join()}`;
  let cursor = "";
  for (let pages = 0; pages < ids.length && cursor !== "null"; pages += 1) {
    const place = cursor === "" ? "" : `&cursor=${cursor}`;
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const { body } = await fresh.call("GET", path + place);
    told.push(...(body["devices"] as { device_id: string }[]).map(({ device_id: id }) => id));
    cursor = String(body["next_cursor"]);
  }
  expect(told).toEqual(ids);
  expect(cursor).toBe("null");
});

test.each([
  { action: "release", status: "queued" },
  { action: "discard", status: "canceled" },
])("after another phone number was paired: $action", async ({ action, status }) => {
  const { own, lane, read } = await setup();
  const change = { state: "connected", phone: "5511977776666", now: Date.now() } as const;
  await api.ledger.changeDevice(own, change);
  expect((await read()).body["blocked_by"]).toBe("identity_changed");
  expect((await lane()).body["depth"]).toMatchObject({ earlier_identity: 1, total: 1 });
  expect(await lane(`/${action}`)).toMatchObject({ status: 200, body: { moved: 1 } });
  expect((await read()).body["status"]).toBe(status);
  expect((await lane(`/${action}`)).body).toEqual({ success: true, moved: 0 });
});

test("a device's name and pace are changed; a pace replaces the one before", async () => {
  const { id } = await setup();
  const change = (body: object) => api.call("PATCH", `/v1/devices/${id}`, { body });
  const pace = { gap_ms: 1_500, jitter_ms: 200, recipient_gap_ms: 9, warm_up: [20, 40] };
  expect(await change({ name: "Sales", pace })).toMatchObject({
    status: 200,
    body: { name: "Sales", pace },
  });
  expect((await change({ pace: { cold_daily_cap: 5 } })).body["pace"]).toEqual({
    cold_daily_cap: 5,
  });
  expect((await change({})).body).toMatchObject({ name: "Sales", pace: { cold_daily_cap: 5 } });
  expect((await change({ pace: {} })).body["pace"]).toEqual({});
  const created = { name: "x", pace: { per_minute: 5 } };
  expect((await api.call("POST", "/v1/devices", { body: created })).body).toMatchObject(created);
});

test.each([
  ["name", { name: " " }],
  ["pace", { pace: 5 }],
  ["pace.per_minute", { pace: { per_minute: 0 } }],
  ["pace.gap_ms", { pace: { gap_ms: -1 } }],
  ["pace.jitter_ms", { pace: { jitter_ms: 1e9 } }],
  ["pace.daily_cap", { pace: { daily_cap: 1.5 } }],
  ["pace.warm_up.1", { pace: { warm_up: [1, 0] } }],
  ["pace.speed", { pace: { speed: 1 } }],
])("a wrong %s is refused", async (field, body) => {
  const { id } = await setup();
  expect(await api.call("PATCH", `/v1/devices/${id}`, { body })).toMatchObject({
    status: 400,
    body: { error_code: "VALIDATION_ERROR", validation: [{ field }] },
  });
});

test("a deleted device is logged out, its messages are canceled, its letters stay", async () => {
  const { id, own, read } = await setup();
  const letter = await api.addLetter({ deviceId: await api.addDevice() });
  const answer = api.call("DELETE", `/v1/devices/${id}`);
  let asked: { id: string; kind: string } | undefined;
  await expect.poll(async () => (asked = await api.ledger.nextRequest(id))).toBeDefined();
  expect(asked?.kind).toBe("logout");
  await api.ledger.reply(id, asked?.id ?? "", { kind: "done", data: {} });
  expect(await answer).toMatchObject({ status: 200, body: { success: true, device_id: id } });
  expect((await read()).body["status"]).toBe("canceled");
  expect((await api.call("GET", `/v1/devices/${id}`)).status).toBe(404);
  expect((await api.call("DELETE", `/v1/devices/${id}`)).status).toBe(404);
  expect(await api.ledger.renew("worker-7#abc", [own])).toEqual([false]);

  expect((await remove(letter.deviceId)).status).toBe(200);
  const redriven = await api.call("POST", `/v1/dead-letters/${letter.id}/redrive`, { body: {} });
  expect(redriven).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });
  expect(redriven.body["error"]).toContain("deleted");
});

test("a device whose owner is silent is deleted all the same", async () => {
  const { id, read } = await setup();
  expect((await remove(id)).status).toBe(200);
  expect((await read()).body["status"]).toBe("canceled");
  expect(api.lines.map(({ event }) => event)).toContain("device.not_logged_out");
});

function remove(id: DeviceId) {
  return api.call("DELETE", `/v1/devices/${id}`);
}

import { SCOPES } from "@pombo/contract";
import type { DeviceId, MessageId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const someone = (): string => `55119${String((count += 1)).padStart(8, "0")}`;

async function madePool(...devices: readonly string[]): Promise<string> {
  const made = await api.call("POST", "/v1/pools", { body: { name: "made", devices } });
  return String(made.body["pool_id"]);
}

async function twoDevices(): Promise<readonly [DeviceId, DeviceId]> {
  return [await api.addDevice(), await api.addDevice()];
}

const send = (body: object, init: object = {}) =>
  api.call("POST", "/v1/messages", { body: { text: "hello", ...body }, ...init });

const deviceOf = async (id: unknown) => (await api.ledger.findMessage(id as MessageId))?.deviceId;

test("a message of a pool names no device until a lane takes it", async () => {
  const [a, b] = await twoDevices();
  const pool = await madePool(a, b);
  const sent = await send({ from: pool, to: someone() });
  expect(sent).toMatchObject({ status: 202, body: { status: "queued", device_id: null } });
  const id = sent.body["message_id"] as MessageId;
  const path = `/v1/messages/${id}`;
  const waiting = { device_id: null, pool_id: pool, blocked_by: "device_offline" };
  expect((await api.call("GET", path)).body).toMatchObject(waiting);
  const device = (await deviceOf(id)) as DeviceId;
  const own = await api.ledger.take(device, "test");
  if (own === undefined) throw new Error("the lease is taken");
  const { candidates, pace } = await api.ledger.peek(device, Date.now());
  expect(candidates.map((one) => one.id)).toEqual([id]);
  const pick = { id, cold: true, probe: false, owed: false, passedOver: 0 };
  const order = { pick, gated: [], held: [], later: [], now: Date.now(), pace, jitter: 0 };
  expect(await api.ledger.feed(own, order)).toMatchObject({ kind: "fed" });
  expect((await api.call("GET", path)).body).toMatchObject({ device_id: device, pool_id: pool });
});

test("a message of a device has no pool", async () => {
  const device = await api.addDevice();
  const sent = await send({ from: device, to: someone() });
  const path = `/v1/messages/${String(sent.body["message_id"])}`;
  expect((await api.call("GET", path)).body).toMatchObject({ device_id: device, pool_id: null });
});

test("a repeat under the same idempotency key is the same message", async () => {
  const pool = await madePool(...(await twoDevices()));
  const to = someone();
  const init = { headers: { "idempotency-key": `once-${to}` } };
  const [first, again] = [
    await send({ from: pool, to }, init),
    await send({ from: pool, to }, init),
  ];
  expect(again.text).toBe(first.text);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
});

test("a pool that is not there, or reaches further than the key, is as if absent", async () => {
  const [a, b] = await twoDevices();
  const pool = await madePool(a, b);
  const key = api.addKey({ scopes: SCOPES, devices: [a] });
  for (const [from, init] of [
    ["pool_00000000000000ff", {}],
    ["pool_!", {}],
    [pool, { key }],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    expect(await send({ from, to: someone() }, init)).toMatchObject({
      status: 404,
      body: { error_code: "DEVICE_NOT_FOUND" },
    });
  const both = api.addKey({ scopes: SCOPES, devices: [a, b] });
  expect((await send({ from: pool, to: someone() }, { key: both })).status).toBe(202);
});

test("a pool whose devices were deleted takes nothing", async () => {
  const device = await api.addDevice();
  const pool = await madePool(device);
  await api.call("DELETE", `/v1/devices/${device}`);
  expect(await send({ from: pool, to: someone() })).toMatchObject({
    status: 409,
    body: { error_code: "CONFLICT", error: "The pool has no devices" },
  });
});

test("a group is written to by a device, not by a pool", async () => {
  const pool = await madePool(...(await twoDevices()));
  expect(await send({ from: pool, to: "120363000000000001@g.us" })).toMatchObject({
    status: 400,
    body: { error_code: "VALIDATION_ERROR", validation: [{ field: "from", value: pool }] },
  });
});

test("what answers or reacts to a message goes from the device that has that message", async () => {
  const [a, b] = await twoDevices();
  const pool = await madePool(a, b);
  const to = someone();
  for (const device of [b, a]) {
    // oxlint-disable-next-line no-await-in-loop -- one device after the other
    const first = await send({ from: device, to });
    const quoted = { message_id: String(first.body["message_id"]) };
    // oxlint-disable-next-line no-await-in-loop
    const answer = await send({ from: pool, to, quoted });
    expect(answer.body, answer.text).toMatchObject({ device_id: device });
    const received = `R${device}`;
    const message = { id: received, chat: to, from: to, at: Date.now(), source: "AAAA" };
    // oxlint-disable-next-line no-await-in-loop
    await api.ledger.receive(device, { ...message, kind: "text" }, Date.now());
    const reaction = { message_id: received, emoji: "👍" };
    // oxlint-disable-next-line no-await-in-loop
    const reacted = await send({ from: pool, to, reaction, text: undefined });
    expect(reacted.body, reacted.text).toMatchObject({ device_id: device });
  }
});

test("a row of a pool's batch that has no device yet is seen by keys for all of the pool's devices", async () => {
  const [a, b] = await twoDevices();
  const pool = await madePool(a, b);
  const rows = [{ to: someone(), text: "hello" }];
  const made = await api.call("POST", "/v1/batches", { body: { from: pool, rows } });
  expect(made.status, made.text).toBe(202);
  const batch = `/v1/batches/${String(made.body["batch_id"])}`;
  const { messages } = (await api.call("GET", `${batch}/messages`)).body as {
    messages: { message_id: string; device_id: string | null }[];
  };
  expect(messages).toMatchObject([{ device_id: null }]);
  const id = messages[0]?.message_id ?? "";
  const both = api.addKey({ scopes: SCOPES, devices: [a, b] });
  const one = api.addKey({ scopes: SCOPES, devices: [a] });
  const path = `/v1/messages/${id}`;
  expect((await api.call("GET", path, { key: both })).body).toMatchObject({
    status: "queued",
    device_id: null,
    pool_id: pool,
  });
  expect((await api.call("GET", path, { key: one })).status).toBe(404);
  const poll = { body: { ids: [id] } };
  const seen = await api.call("POST", "/v1/messages/status", { key: both, ...poll });
  expect(seen.body).toMatchObject({ messages: [{ message_id: id, status: "queued" }] });
  const hidden = await api.call("POST", "/v1/messages/status", { key: one, ...poll });
  expect(hidden.body).toMatchObject({ messages: [null] });
  expect((await api.call("POST", `${path}/cancel`, { key: one })).status).toBe(404);
  expect((await api.call("DELETE", `/v1/pools/${pool}`)).body).toMatchObject({
    error_code: "CONFLICT",
  });
  expect((await api.call("POST", `${path}/cancel`, { key: both })).body).toMatchObject({
    status: "canceled",
  });
});

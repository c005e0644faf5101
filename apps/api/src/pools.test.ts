import { SCOPES } from "@pombo/contract";
import type { DeviceId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ pool_devices_limit: 3, pools_limit: 20 });
});
afterAll(() => api[Symbol.asyncDispose]());

async function twoDevices(): Promise<readonly [DeviceId, DeviceId]> {
  return [await api.addDevice(), await api.addDevice()];
}

async function madePool(devices: readonly string[]): Promise<string> {
  const made = await api.call("POST", "/v1/pools", { body: { name: "made", devices } });
  expect(made.status, made.text).toBe(201);
  return String(made.body["pool_id"]);
}

test("a pool is created, read, listed, changed and deleted", async () => {
  const [a, b] = await twoDevices();
  const body = { name: "Sales", devices: [b, a] };
  const made = await api.call("POST", "/v1/pools", { body });
  expect(made).toMatchObject({
    status: 201,
    body: { success: true, ...body, strategy: "balanced" },
  });
  const id = String(made.body["pool_id"]);
  expect(id).toMatch(/^pool_[0-9a-f]{16}$/);

  const change = { name: "Support", strategy: "in_order", devices: [a] };
  const changed = await api.call("PATCH", `/v1/pools/${id}`, { body: change });
  expect(changed).toMatchObject({ status: 200, body: { pool_id: id, ...change } });
  expect((await api.call("PATCH", `/v1/pools/${id}`, { body: {} })).body).toEqual(changed.body);
  expect((await api.call("GET", `/v1/pools/${id}`)).body).toEqual(changed.body);
  const { pools } = (await api.call("GET", "/v1/pools")).body as { pools: object[] };
  expect(pools).toContainEqual(expect.objectContaining({ pool_id: id, ...change }));

  expect((await api.call("DELETE", `/v1/pools/${id}`)).body).toEqual({
    success: true,
    pool_id: id,
  });
  const gone = await api.call("GET", `/v1/pools/${id}`);
  expect(gone).toMatchObject({ status: 404, body: { error_code: "NOT_FOUND" } });
  expect((await api.call("GET", `/v1/devices/${a}`)).status).toBe(200);
});

test("a device that is deleted leaves its pools", async () => {
  const [a, b] = await twoDevices();
  const both = await madePool([a, b]);
  const own = await madePool([a]);
  expect((await api.call("DELETE", `/v1/devices/${a}`)).status).toBe(200);
  expect((await api.call("GET", `/v1/pools/${both}`)).body).toMatchObject({ devices: [b] });
  expect((await api.call("GET", `/v1/pools/${own}`)).body).toMatchObject({ devices: [] });
  const key = api.addKey({ scopes: SCOPES, devices: [b] });
  expect((await api.call("GET", `/v1/pools/${own}`, { key })).status).toBe(404);
});

test("what is wrong with a body is told by field", async () => {
  const device = await api.addDevice();
  const wrong = [
    [{ devices: [device] }, "name"],
    [{ name: "x" }, "devices"],
    [{ name: "x", devices: [] }, "devices"],
    [{ name: "x", devices: [device, device] }, "devices"],
    [{ name: "x", devices: ["dev_a", "dev_b", "dev_c", "dev_d"] }, "devices"],
    [{ name: "x", devices: 7 }, "devices"],
    [{ name: "x", devices: [device], strategy: "fastest" }, "strategy"],
  ] as const;
  for (const [body, field] of wrong) {
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    const answer = await api.call("POST", "/v1/pools", { body });
    expect(answer, answer.text).toMatchObject({
      status: 400,
      body: { error_code: "VALIDATION_ERROR", validation: [{ field }] },
    });
  }
});

test("a device that there is not makes no pool, and changes none", async () => {
  const device = await api.addDevice();
  const id = await madePool([device]);
  const absent = "dev_00000000000000ff";
  for (const [method, path] of [
    ["POST", "/v1/pools"],
    ["PATCH", `/v1/pools/${id}`],
  ] as const) {
    const body = { name: "new", devices: [device, absent] };
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    const answer = await api.call(method, path, { body });
    expect(answer).toMatchObject({
      status: 404,
      body: { error_code: "DEVICE_NOT_FOUND", error: `There is no device ${absent}` },
    });
  }
  expect((await api.call("GET", `/v1/pools/${id}`)).body).toMatchObject({
    name: "made",
    devices: [device],
  });
});

test("a key for some devices has only pools of these", async () => {
  const [a, b] = await twoDevices();
  const both = await madePool([a, b]);
  const own = await madePool([a]);
  const key = api.addKey({ scopes: SCOPES, devices: [a] });
  const { pools } = (await api.call("GET", "/v1/pools", { key })).body as { pools: object[] };
  expect(pools).toEqual([expect.objectContaining({ pool_id: own })]);
  for (const method of ["GET", "PATCH", "DELETE"]) {
    const init = method === "PATCH" ? { key, body: { name: "taken" } } : { key };
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    expect((await api.call(method, `/v1/pools/${both}`, init)).status).toBe(404);
  }
  const body = { name: "more", devices: [a, b] };
  for (const [method, path] of [
    ["POST", "/v1/pools"],
    ["PATCH", `/v1/pools/${own}`],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop
    expect(await api.call(method, path, { key, body })).toMatchObject({
      status: 404,
      body: { error_code: "DEVICE_NOT_FOUND" },
    });
  expect((await api.call("GET", `/v1/pools/${own}`)).body).toMatchObject({ devices: [a] });
});

test("a repeat under the same idempotency key makes no second pool", async () => {
  const device = await api.addDevice();
  const init = {
    body: { name: "once", devices: [device] },
    headers: { "idempotency-key": "pool-once" },
  };
  const first = await api.call("POST", "/v1/pools", init);
  const again = await api.call("POST", "/v1/pools", init);
  expect(again.text).toBe(first.text);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
});

test("there are no more pools than the limit says", async () => {
  const device = await api.addDevice();
  const statuses: number[] = [];
  for (let made = 0; made < 21; made += 1) {
    const body = { name: `${made}`, devices: [device] };
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    statuses.push((await api.call("POST", "/v1/pools", { body })).status);
  }
  expect(new Set(statuses)).toEqual(new Set([201, 409]));
  const { pools } = (await api.call("GET", "/v1/pools")).body as { pools: object[] };
  expect(pools).toHaveLength(20);
});

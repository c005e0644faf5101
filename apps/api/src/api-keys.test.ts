import { digestApiKey } from "@pombo/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: string;

beforeAll(async () => {
  api = await openTestApi();
  device = await api.addDevice();
});
afterAll(() => api[Symbol.asyncDispose]());

const asked = (over: object = {}): object => ({
  name: "shop",
  scopes: ["messages:read"],
  devices: "*",
  ...over,
});

async function create(over: object = {}, key?: string) {
  const by = key === undefined ? {} : { key };
  const made = await api.call("POST", "/v1/api-keys", { body: asked(over), ...by });
  return { ...made, id: String(made.body["id"]), key: String(made.body["key"]) };
}

async function statusOf(path: string, key: string): Promise<number> {
  return (await api.call("GET", path, { key })).status;
}

test("a created key works at once, is shown once, and no trace of it is kept", async () => {
  const made = await create({ devices: [device], device_id: device });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ state: "active", devices: [device], device_id: device });
  expect(await statusOf("/v1/limits", made.key)).toBe(200);
  const read = await api.call("GET", `/v1/api-keys/${made.id}`);
  expect(read.body).toMatchObject({ id: made.id, name: "shop", scopes: ["messages:read"] });
  expect(read.text).not.toContain(made.key);
  const kept = await api.redis.hgetall(`{pombo:c0}:apikey:${digestApiKey(made.key)}`);
  expect(JSON.stringify(kept)).not.toContain(made.key.slice("pombo_c0_".length));
  expect(JSON.stringify(api.lines)).not.toContain(made.key);
});

test("a key tells who made it, and when it was used last", async () => {
  const made = await create();
  expect(made.body).toMatchObject({
    created_by: expect.stringMatching(/^key_/),
    last_used_at: null,
  });
  const before = Date.now();
  await statusOf("/v1/limits", made.key);
  const { body } = await api.call("GET", `/v1/api-keys/${made.id}`);
  const used = Date.parse(String(body["last_used_at"]));
  expect(used).toBeGreaterThanOrEqual(before - 1_000);
  expect(used).toBeLessThanOrEqual(Date.now() + 1_000);
  const list = await api.call("GET", "/v1/api-keys");
  const { success: _success, ...fields } = body;
  expect(list.body["api_keys"]).toContainEqual(fields);
});

test("a revoked key is refused with its next request, and shown as revoked", async () => {
  const { id, key } = await create();
  const revoked = await api.call("DELETE", `/v1/api-keys/${id}`);
  expect(revoked.body).toMatchObject({ state: "revoked" });
  expect(await statusOf("/v1/limits", key)).toBe(401);
  const again = await api.call("DELETE", `/v1/api-keys/${id}`);
  // The refused request is seen, too.
  expect(again.body).toEqual({ ...revoked.body, last_used_at: expect.any(String) });
  expect((await api.call("DELETE", "/v1/api-keys/key_00")).status).toBe(404);
});

test("a key may revoke itself", async () => {
  const { id, key } = await create({ scopes: ["keys:manage"], devices: [device] });
  expect((await api.call("DELETE", `/v1/api-keys/${id}`, { key })).status).toBe(200);
  expect(await statusOf("/v1/api-keys", key)).toBe(401);
});

test("an expiry lies ahead, and ends the key", async () => {
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  expect((await create({ expires_at: soon })).body).toMatchObject({ expires_at: soon });
  const past = await create({ expires_at: "2020-01-01T00:00:00Z" });
  expect(past).toMatchObject({ status: 400, body: { validation: [{ field: "expires_at" }] } });
});

test("nobody grants a scope, a device or a time that he does not have", async () => {
  const other = await api.addDevice();
  const end = Date.now() + 3_600_000;
  const limited = api.addKey({
    scopes: ["keys:manage", "messages:read"],
    devices: [device],
    expiresAt: end,
  });
  const within = { devices: [device], expires_at: new Date(end - 1_000).toISOString() };
  expect((await create(within, limited)).status).toBe(201);
  const tries: [object, number, string][] = [
    [{ ...within, scopes: ["messages:send"] }, 403, "FORBIDDEN"],
    [{ ...within, devices: "*" }, 403, "FORBIDDEN"],
    [{ ...within, expires_at: new Date(end + 1_000).toISOString() }, 403, "FORBIDDEN"],
    [{ ...within, expires_at: undefined }, 403, "FORBIDDEN"],
    [{ ...within, devices: [device, other] }, 404, "DEVICE_NOT_FOUND"],
  ];
  for (const [over, status, code] of tries) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await create(over, limited)).toMatchObject({ status, body: { error_code: code } });
  }
});

test("a key sees only keys that reach no further than its devices", async () => {
  const all = await create();
  const narrow = await create({ devices: [device] });
  const limited = api.addKey({ scopes: ["keys:manage", "messages:read"], devices: [device] });
  expect(await statusOf(`/v1/api-keys/${all.id}`, limited)).toBe(404);
  expect(await statusOf(`/v1/api-keys/${narrow.id}`, limited)).toBe(200);
  const foreign = await api.call("DELETE", `/v1/api-keys/${all.id}`, { key: limited });
  expect(foreign.status).toBe(404);
  const listed = (await api.call("GET", "/v1/api-keys", { key: limited })).text;
  expect(listed).toContain(narrow.id);
  expect(listed).not.toContain(all.id);
});

test("what could do more than the caller can't be revoked by it", async () => {
  const strong = await create({ scopes: ["ops:write"], devices: [device] });
  const weak = api.addKey({ scopes: ["keys:manage"], devices: [device] });
  const refused = await api.call("DELETE", `/v1/api-keys/${strong.id}`, { key: weak });
  expect(refused).toMatchObject({ status: 403, body: { error_code: "FORBIDDEN" } });
});

test("a device that isn't there, or isn't granted, can't be named", async () => {
  const gone = "dev_0000000000000000";
  expect(await create({ devices: [gone] })).toMatchObject({ status: 404 });
  expect(await create({ device_id: gone })).toMatchObject({ status: 404 });
  const other = await api.addDevice();
  expect(await create({ devices: [device], device_id: other })).toMatchObject({
    status: 400,
    body: { validation: [{ field: "device_id" }] },
  });
});

test("a repeat under an Idempotency-Key creates nothing and never tells the key again", async () => {
  const ask = (body: object) =>
    api.call("POST", "/v1/api-keys", { body, headers: { "idempotency-key": "once" } });
  const first = await ask(asked({ name: "first" }));
  expect(first.status).toBe(201);
  const second = await ask(asked({ name: "first" }));
  expect(second).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });
  expect(second.headers.get("idempotent-replayed")).toBe("true");
  expect(second.text).toContain(String(first.body["id"]));
  expect(second.text).not.toContain(String(first.body["key"]));
  expect(await ask(asked({ name: "other" }))).toMatchObject({
    status: 409,
    body: { error_code: "IDEMPOTENCY_KEY_REUSED" },
  });
  const listed = (await api.call("GET", "/v1/api-keys?limit=200")).text;
  expect(listed.split('"name":"first"')).toHaveLength(2);
});

test("pages of keys name each key once", async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => create({ name: "paged" })));
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query = cursor === null ? "" : `&cursor=${cursor}`;
    // oxlint-disable-next-line no-await-in-loop
    const { body } = await api.call("GET", `/v1/api-keys?limit=2${query}`);
    seen.push(...(body["api_keys"] as { id: string }[]).map(({ id }) => id));
    cursor = body["next_cursor"] as string | null;
  } while (cursor !== null);
  expect(seen).toEqual([...new Set(seen)]);
  expect(seen).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
});

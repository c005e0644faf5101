import type { EndpointId } from "@pombo/domain";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CallInit, openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeEach(async () => {
  api = await openTestApi({ webhook_endpoints_limit: 3 });
});
afterEach(() => api[Symbol.asyncDispose]());

const URL_ = "https://example.com/in";
const create = (body: object = {}, init: CallInit = {}) =>
  api.call("POST", "/v1/webhooks", { body: { url: URL_, ...body }, ...init });
const idOf = (answer: { readonly body: Readonly<Record<string, unknown>> }) =>
  String(answer.body["webhook_id"]) as EndpointId;

/** Something happens; its cursor. */
async function happen(device: string): Promise<string> {
  await api.ledger.announce(device as never, "lane.blocked", Date.now());
  return (await api.redis.xrevrange("{pombo:c0}:events", "+", "-", "COUNT", 1))[0]?.[0] ?? "";
}

test("created: the secret is shown once, everything else is read back", async () => {
  const made = await create({ events: ["message.*"], description: "orders" });
  expect(made).toMatchObject({
    status: 201,
    body: { success: true, secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) },
  });
  const path = `/v1/webhooks/${idOf(made)}`;
  const read = await api.call("GET", path);
  const { secret, ...rest } = made.body;
  expect(read.body).toEqual(rest);
  expect(read.text).not.toContain(String(secret));
  expect(read.body).toMatchObject({
    url: URL_,
    events: ["message.*"],
    devices: "*",
    description: "orders",
    state: "enabled",
    reason: null,
    circuit: { state: "closed", failures: 0, open_until: null },
    deliveries: { open: 0, retrying: 0, parked: 0 },
    gap: null,
    replay: null,
  });
  expect((await api.call("GET", "/v1/webhooks")).body["webhooks"]).toMatchObject([
    { webhook_id: idOf(made) },
  ]);
  expect((await api.call("DELETE", path)).status).toBe(200);
  expect((await api.call("GET", path)).body).toMatchObject({ error_code: "NOT_FOUND" });
});

test("a repeat under the same Idempotency-Key makes no second one and shows no secret", async () => {
  const init = { headers: { "idempotency-key": "one" } };
  const first = await create({}, init);
  for (const _ of ["once", "twice"]) {
    const again = await create({}, init);
    expect(again).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });
    expect(again.text).toContain(idOf(first));
  }
  expect(await api.ledger.listEndpoints()).toHaveLength(1);
});

test("there are no more than the limit, until one is deleted", async () => {
  for (const _ of [1, 2, 3]) expect((await create()).status).toBe(201);
  expect(await create()).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });
  const [oldest] = await api.ledger.listEndpoints();
  await api.call("DELETE", `/v1/webhooks/${oldest?.id}`);
  expect((await create()).status).toBe(201);
});

test.each([
  ["url", { url: "ftp://example.com/" }],
  ["url", { url: "http://example.com/" }],
  ["url", { url: "https://user:pass@example.com/" }],
  ["url", { url: "https://example.com/#part" }],
  ["url", { url: "https://127.0.0.1/" }],
  ["url", { url: "https://[::1]/" }],
  ["url", { url: "https://0x7f.1/" }],
  ["url", { url: "https://169.254.169.254/latest" }],
  ["url", { url: 5 }],
  ["events.0", { events: ["message.sen"] }],
  ["events", { events: [] }],
  ["devices", { devices: [] }],
  ["description", { description: "x".repeat(201) }],
  ["secret", { secret: "whsec_short" }],
  ["secret", { secret: "0123456789012345678901234567890123456789" }],
  ["evnts", { evnts: ["*"] }],
])("a wrong %s is refused: %j", async (field, body) => {
  const answer = await create(body);
  expect(answer).toMatchObject({ status: 400, body: { error_code: "VALIDATION_ERROR" } });
  expect(answer.body["validation"]).toContainEqual(expect.objectContaining({ field }));
  expect(await api.ledger.listEndpoints()).toEqual([]);
});

test("a key for certain devices gets their events only, and sees no webhook that reaches further", async () => {
  const [mine, other] = [await api.addDevice(), await api.addDevice()];
  const key = api.addKey({ scopes: ["devices:manage", "ops:read"], devices: [mine] });
  const made = await create({}, { key });
  expect(made.body).toMatchObject({ devices: [mine] });
  expect((await create({ devices: "*" }, { key })).status).toBe(403);
  expect((await create({ devices: [other] }, { key })).body).toMatchObject({
    error_code: "DEVICE_NOT_FOUND",
  });
  const wide = idOf(await create());
  expect((await api.call("GET", "/v1/webhooks", { key })).body["webhooks"]).toMatchObject([
    { webhook_id: idOf(made) },
  ]);
  for (const path of [`/v1/webhooks/${wide}`, `/v1/webhooks/${wide}/deliveries`])
    expect((await api.call("GET", path, { key })).status).toBe(404);
  const patch = { key, body: { devices: "*" } };
  expect((await api.call("PATCH", `/v1/webhooks/${idOf(made)}`, patch)).status).toBe(403);
});

test("changed, disabled and enabled again", async () => {
  const id = idOf(await create());
  const change = (body: object) => api.call("PATCH", `/v1/webhooks/${id}`, { body });
  expect((await change({ url: "https://example.org/", events: ["device.*"] })).body).toMatchObject({
    url: "https://example.org/",
    events: ["device.*"],
    devices: "*",
  });
  expect((await change({ enabled: false })).body).toMatchObject({
    state: "disabled",
    reason: "requested",
  });
  expect((await change({ enabled: true })).body).toMatchObject({ state: "enabled", reason: null });
  expect((await change({})).status).toBe(200);
  expect((await change({ url: "https://10.0.0.1/" })).status).toBe(400);
  await change({ enabled: false });
  const resume = await api.call("POST", `/v1/webhooks/${id}/resume`, { body: { from: "latest" } });
  expect(resume.body).toMatchObject({ state: "enabled", gap: { to_cursor: expect.any(String) } });
  expect((await api.call("POST", `/v1/webhooks/${id}/resume`)).status).toBe(200);
});

test("a replaced secret signs on for a while", async () => {
  const made = await create();
  const rotated = await api.call("POST", `/v1/webhooks/${idOf(made)}/rotate-secret`);
  expect(rotated.status).toBe(200);
  expect(rotated.body["secret"]).not.toBe(made.body["secret"]);
  expect(rotated.body["old_secret_expires_at"]).toEqual(expect.any(String));
});

test("a test is opened, and shown", async () => {
  const id = idOf(await create());
  const begun = await api.call("POST", `/v1/webhooks/${id}/test`);
  expect(begun).toMatchObject({ status: 202, body: { webhook_id: id } });
  const { deliveries } = (await api.call("GET", `/v1/webhooks/${id}/deliveries`)).body;
  expect(deliveries).toMatchObject([
    {
      delivery_id: begun.body["delivery_id"],
      type: "webhook.test",
      state: "open",
      attempts: 0,
      http_status: null,
      error: null,
    },
  ]);
});

test("one delivery is opened again as the event log has it, under the same id", async () => {
  const device = await api.addDevice();
  const id = idOf(await create({ devices: [device] }));
  const cursor = await happen(device);
  const foreign = await happen(await api.addDevice());
  const redeliver = (delivery: string) =>
    api.call("POST", `/v1/webhooks/${id}/redeliver`, { body: { delivery_id: delivery } });
  expect(await redeliver(`${id}_${cursor}`)).toMatchObject({
    status: 202,
    body: { delivery_id: `${id}_${cursor}` },
  });
  const begun = await api.ledger.beginDelivery(
    { endpointId: id, delivery: cursor },
    { now: Date.now(), ends: Date.now() + 1_000 },
  );
  expect(begun).toMatchObject({ kind: "post", type: "lane.blocked" });
  expect(await redeliver(`${id}_${foreign}`)).toMatchObject({ status: 404 });
  expect(await redeliver(`${id}_1-0`)).toMatchObject({
    status: 410,
    body: { error_code: "CURSOR_EXPIRED" },
  });
  for (const wrong of ["", cursor, `${id}_test-0`, `wh_0000000000000000_${cursor}`])
    expect(await redeliver(wrong)).toMatchObject({
      status: 404,
      body: { error_code: "NOT_FOUND" },
    });
});

test("what is redelivered to a webhook that is switched off is said to wait; resumed, it goes out", async () => {
  const device = await api.addDevice();
  const id = idOf(await create());
  const path = `/v1/webhooks/${id}`;
  const delivery = await happen(device);
  const again = (body: object) => api.call("POST", `${path}/redeliver`, { body });
  const begin = () => {
    const now = Date.now();
    return api.ledger.beginDelivery({ endpointId: id, delivery }, { now, ends: now + 1_000 });
  };
  await api.call("PATCH", path, { body: { enabled: false } });
  const told = { status: 202, body: { webhook_state: "disabled", opened: 1 } };
  expect(await again({ delivery_id: `${id}_${delivery}` })).toMatchObject(told);
  expect(await begin()).toEqual({ kind: "shelved" });
  expect(await again({ failed_since: new Date(0).toISOString() })).toMatchObject({
    body: { webhook_state: "disabled" },
  });
  await api.call("POST", `${path}/resume`);
  expect(await again({ delivery_id: `${id}_${delivery}` })).toMatchObject({
    status: 202,
    body: { webhook_state: "enabled", opened: 1 },
  });
  expect(await begin()).toMatchObject({ kind: "post", type: "lane.blocked" });
});

test("all that failed since a time goes out again, and the answer tells how many", async () => {
  const device = await api.addDevice();
  const id = idOf(await create());
  const delivery = await happen(device);
  const key = { endpointId: id, delivery };
  await api.call("POST", `/v1/webhooks/${id}/redeliver`, {
    body: { delivery_id: `${id}_${delivery}` },
  });
  const now = Date.now();
  await api.ledger.beginDelivery(key, { now, ends: now + 1_000 });
  const answered = { status: 500, excerpt: "no such tenant", tookMs: 7, restMs: 1 };
  const verdict = { kind: "park" } as const;
  await api.ledger.settleDelivery({ ...key, tries: 1, now, verdict, ...answered });
  const shown = await api.call("GET", `/v1/webhooks/${id}/deliveries?state=parked`);
  expect(shown.body["deliveries"]).toMatchObject([
    { http_status: 500, duration_ms: 7, response_excerpt: "no such tenant" },
  ]);
  const again = (since: number) =>
    api.call("POST", `/v1/webhooks/${id}/redeliver`, {
      body: { failed_since: new Date(since).toISOString() },
    });
  expect(await again(now + 1_000)).toMatchObject({ status: 202, body: { opened: 0, left: 0 } });
  expect(await again(now)).toMatchObject({
    status: 202,
    body: { delivery_id: null, opened: 1, left: 0 },
  });
});

test("a stretch is told once more; its ends must be in order, and one at a time", async () => {
  const device = await api.addDevice();
  const id = idOf(await create());
  const [from, to] = [await happen(device), await happen(device)];
  const replay = (body: object) => api.call("POST", `/v1/webhooks/${id}/redeliver`, { body });
  const stretch = { from_cursor: from, to_cursor: to };
  expect((await replay({ from_cursor: to, to_cursor: from })).status).toBe(400);
  for (const wrong of [
    {},
    { from_cursor: from },
    { ...stretch, delivery_id: "x" },
    { from_cursor: "x", to_cursor: to },
    { failed_since: "yesterday" },
    { ...stretch, failed_since: "2030-01-31T12:00:00Z" },
  ])
    expect((await replay(wrong)).status).toBe(400);
  expect(await replay(stretch)).toMatchObject({ status: 202, body: { delivery_id: null } });
  expect((await api.call("GET", `/v1/webhooks/${id}`)).body["replay"]).toMatchObject({
    to_cursor: to,
  });
  expect(await replay(stretch)).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });
});

test("deliveries are read page by page, the parked ones apart", async () => {
  const device = await api.addDevice();
  const id = idOf(await create());
  const cursors: string[] = [];
  for (let number = 0; number < 5; number += 1) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    const cursor = await happen(device);
    cursors.push(cursor);
    const body = { delivery_id: `${id}_${cursor}` };
    // oxlint-disable-next-line no-await-in-loop
    await api.call("POST", `/v1/webhooks/${id}/redeliver`, { body });
  }
  const seen: string[] = [];
  for (let query = "?limit=2"; query !== "";) {
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const { body } = await api.call("GET", `/v1/webhooks/${id}/deliveries${query}`);
    seen.push(...(body["deliveries"] as { delivery_id: string }[]).map((one) => one.delivery_id));
    const next = body["next_cursor"] as string | null;
    query = next === null ? "" : `?limit=2&cursor=${next}`;
  }
  expect(seen.toSorted()).toEqual(cursors.map((cursor) => `${id}_${cursor}`));
  const parked = await api.call("GET", `/v1/webhooks/${id}/deliveries?state=parked`);
  expect(parked.body).toMatchObject({ deliveries: [], next_cursor: null });
  for (const [state, count] of [
    ["open", 5],
    ["delivered", 0],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop
    const { body } = await api.call("GET", `/v1/webhooks/${id}/deliveries?state=${state}`);
    expect(body["deliveries"], state).toHaveLength(count);
  }
});

test("a device has a webhook of its own: made, changed and deleted with the device's settings", async () => {
  const device = await api.addDevice();
  const change = (webhook: object | null) =>
    api.call("PATCH", `/v1/devices/${device}`, { body: { webhook } });
  const made = await change({ url: URL_, events: ["message.*"] });
  expect(made).toMatchObject({
    status: 200,
    body: { device_id: device, webhook: { url: URL_, secret: expect.stringMatching(/^whsec_/) } },
  });
  const id = (made.body["webhook"] as { webhook_id: string }).webhook_id;
  const read = () => api.call("GET", `/v1/webhooks/${id}`);
  expect((await read()).body).toMatchObject({ devices: [device], events: ["message.*"] });
  const changed = await change({ url: "https://example.org/" });
  expect(changed.body["webhook"]).toEqual({ webhook_id: id, url: "https://example.org/" });
  expect((await read()).body).toMatchObject({
    url: "https://example.org/",
    events: ["message.*"],
    old_secret_expires_at: null,
  });
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const given = await change({ url: URL_, secret });
  expect(given.body["webhook"]).toMatchObject({ secret });
  expect((await read()).body["old_secret_expires_at"]).toEqual(expect.any(String));
  expect((await change({ url: "https://10.0.0.1/" })).status).toBe(400);
  expect((await change(null)).body["webhook"]).toBeNull();
  expect((await read()).status).toBe(404);
  const plain = await api.call("PATCH", `/v1/devices/${device}`, { body: { name: "other" } });
  expect(plain.body).not.toHaveProperty("webhook");
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "../../open-test-api.ts";

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await openTestApi();
  const device = await api.addDevice();
  key = api.addKey({ scopes: ["devices:manage"], devices: [device], deviceId: device });
});
afterAll(() => api[Symbol.asyncDispose]());

test("a device has one webhook, which is made, shown, changed and turned off", async () => {
  expect((await api.call("GET", "/webhook", { key })).body).toMatchObject({ webhook: null });
  const put = (body: object) => api.call("POST", "/webhook", { key, body });
  const url = "https://example.com/hook";
  const made = await put({
    webhook_url: url,
    enabled_events: ["message.sent", "keepalive.lost"],
    retry_attempts: 3,
    secret: "my secret",
  });
  expect(made).toMatchObject({
    status: 200,
    body: {
      success: true,
      webhook: { webhook_url: url, enabled_events: ["message.sent"], enabled: true },
    },
  });
  const { id, secret } = made.body["webhook"] as { id: string; secret: string };
  expect(secret).toMatch(/^whsec_/);
  const changed = await put({
    webhook_url: `${url}2`,
    enabled_events: ["message.read"],
    enabled: false,
  });
  expect(changed.body["webhook"]).toMatchObject({ id, webhook_url: `${url}2`, enabled: false });
  expect((await api.call("GET", "/webhook", { key })).body["webhook"]).toMatchObject({ id });
});

test("what is wrong is said under the dialect's names", async () => {
  const answer = await api.call("POST", "/webhook", { key, body: { webhook_url: "ftp://x" } });
  expect(answer.body).toMatchObject({
    error_code: "VALIDATION_ERROR",
    validation: [{ field: "webhook_url" }, { field: "enabled_events" }],
  });
});

test("two requests at once make one webhook", async () => {
  const device = await api.addDevice();
  const own = api.addKey({ scopes: ["devices:manage"], devices: [device], deviceId: device });
  const body = { webhook_url: "https://example.com/hook", enabled_events: ["message.sent"] };
  await Promise.all([1, 2, 3].map(() => api.call("POST", "/webhook", { key: own, body })));
  const all = await api.ledger.listEndpoints();
  expect(all.filter(({ devices }) => devices !== "*" && devices.includes(device))).toHaveLength(1);
});

test("a text that only looks like a secret of ours is made one", async () => {
  const body = {
    webhook_url: "https://example.com/hook",
    enabled_events: ["message.sent"],
    secret: "whsec_x",
  };
  const { webhook } = (await api.call("POST", "/webhook", { key, body })).body as {
    webhook: { secret: string };
  };
  expect(webhook.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
});

test("where there are too many webhooks it says so", async () => {
  await using full = await openTestApi({ webhook_endpoints_limit: 0 });
  const device = await full.addDevice();
  const own = full.addKey({ scopes: ["devices:manage"], devices: [device], deviceId: device });
  const body = { webhook_url: "https://example.com/hook", enabled_events: ["message.sent"] };
  expect(await full.call("POST", "/webhook", { key: own, body })).toMatchObject({
    status: 409,
    body: { error_code: "CONFLICT" },
  });
});

import { expect, test } from "vitest";
import { emit, listen, setup } from "./events-fixture.ts";
import type { TestApi } from "./open-test-api.ts";

const WAITS = 500;

async function begin(wait: number) {
  const { api, device } = await setup();
  const body = { from: device, to: "5511999999999", text: "hello" };
  const id = String((await api.call("POST", "/v1/messages", { body })).body["message_id"]);
  const told = Promise.all(
    Array.from({ length: WAITS }, () => api.call("GET", `/v1/messages/${id}?wait=${wait}`)),
  );
  const stream = await listen(api);
  return { api, device, id, told, stream };
}

async function commands(api: TestApi): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await api.redis.info("stats"))?.[1]);
}

test("hundreds of waits cost Redis nothing while others have news", async () => {
  const { api, device, id, told, stream } = await begin(50);
  await emit(api, device, 10);
  await stream.until((events) => events.length >= 10);
  const before = await commands(api);
  await emit(api, device, 40);
  await stream.until((events) => events.length >= 50);
  expect((await commands(api)) - before).toBeLessThan(WAITS);
  expect((await api.call("POST", `/v1/messages/${id}/cancel`)).status).toBe(200);
  expect((await told).every(({ body: { status } }) => status === "canceled")).toBe(true);
  stream.close();
});

test("a live message that gets lost is made up for by the log", async () => {
  const { api, device, id, told, stream } = await begin(50);
  await emit(api, device);
  await stream.until((events) => events.length >= 1);
  await api.redis.hset(`{pombo:c0}:message:${id}`, { status: "sent", version: "99" });
  const fields = { type: "message.sent", message: id, device, version: "99", at: "1" };
  await api.redis.xadd("{pombo:c0}:events", "*", ...Object.entries(fields).flat());
  expect((await told).every(({ body: { status } }) => status === "sent")).toBe(true);
  stream.close();
});

test("a wait ends with its key", async () => {
  const { api, id, told, stream } = await begin(1);
  const key = api.addKey({ scopes: ["messages:read"], expiresAt: Date.now() + 800 });
  const wait = await api.call("GET", `/v1/messages/${id}?wait=50`, { key });
  expect(wait).toMatchObject({ status: 401, body: { error_code: "INVALID_API_KEY" } });
  await told;
  stream.close();
});

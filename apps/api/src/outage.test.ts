import { expect, test } from "vitest";
import { openTestApi } from "./open-test-api.ts";

test("while Redis is away every request is answered in time and in its envelope, and afterwards all is well", async () => {
  await using api = await openTestApi();
  const device = await api.addDevice();
  const body = { from: device, to: "5511999999999", text: "hello" };
  await api.store.kill9();

  const startedAt = performance.now();
  const send = await api.call("POST", "/v1/messages", { body });
  expect(send).toMatchObject({
    status: 503,
    body: { success: false, error_code: "SERVICE_UNAVAILABLE" },
  });
  expect(Number(send.headers.get("retry-after"))).toBeGreaterThan(0);
  const session = await api.call("GET", "/api/v1/messages");
  expect(session).toMatchObject({ status: 503, body: { error: { code: "SERVICE_UNAVAILABLE" } } });
  expect((await api.call("GET", "/health/ready")).status).toBe(503);
  expect((await api.call("GET", "/health/live")).status).toBe(200);
  expect((await api.call("GET", "/v1/messages/x", { key: null })).status).toBe(401);
  expect(performance.now() - startedAt).toBeLessThan(6_000);

  await api.store.restart();
  await expect
    .poll(async () => (await api.call("GET", "/health/ready")).status, { timeout: 10_000 })
    .toBe(200);
});

test("who has no room on its disk is not ready and says so; scripts that Redis lost are brought back", async () => {
  await using api = await openTestApi({ disk_free_bytes: Number.MAX_SAFE_INTEGER });
  const { status, body } = await api.call("GET", "/health/ready");
  expect([status, body["error"]]).toEqual([503, expect.stringMatching(/^The disk .* MiB free$/)]);

  await using well = await openTestApi();
  await well.redis.script("FLUSH");
  const checks = { redis: "ok", scripts: "ok", clock: "ok", disk: "ok" };
  expect(await well.call("GET", "/health/ready")).toMatchObject({ status: 200, body: { checks } });
  expect(await well.redis.info("memory")).not.toContain("number_of_cached_scripts:0\r\n");
});

test("an accepted message is not answered as an error when Redis goes away during the wait", async () => {
  await using api = await openTestApi();
  const device = await api.addDevice();
  const body = { from: device, to: "5511999999999", text: "hello" };
  const answer = api.call("POST", "/v1/messages", { body, headers: { prefer: "wait=8" } });
  await expect.poll(() => api.redis.keys("*:message:*")).toHaveLength(1);
  await api.store.kill9();
  expect(await answer).toMatchObject({ status: 202, body: { status: "queued" } });
});

test("closing answers open waits with the status of that moment and takes no new connection", async () => {
  await using api = await openTestApi();
  const device = await api.addDevice();
  const body = { from: device, to: "5511999999999", text: "hello" };
  const answer = api.call("POST", "/v1/messages", { body, headers: { prefer: "wait=60" } });
  await expect.poll(() => api.redis.keys("*:message:*")).toHaveLength(1);
  await api.close();
  expect(await answer).toMatchObject({ status: 202, body: { status: "queued" } });
  await expect(api.call("GET", "/health/live")).rejects.toThrow();
});

test("a defect is answered without a trace of its inside", async () => {
  await using api = await openTestApi();
  const device = await api.addDevice();
  await api.redis.hset(`{pombo:c0}:device:${device}`, "at", "not a number");
  const answer = await api.call("GET", `/v1/devices/${device}`);
  expect(answer.status).toBe(500);
  expect(answer.body).toEqual({
    success: false,
    error: "An internal error occurred",
    error_code: "INTERNAL_ERROR",
    timestamp: expect.any(String),
  });
  expect(api.lines.some(({ event }) => event === "request.crashed")).toBe(true);
});

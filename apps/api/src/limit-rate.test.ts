import { afterEach, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

afterEach(() => api[Symbol.asyncDispose]());

const WINDOW_S = 3_600;

async function setup(most: number) {
  api = await openTestApi({ rate_limit_requests: most, rate_limit_window_ms: WINDOW_S * 1_000 });
  const from = await api.addDevice();
  const body = { from, to: "5511999999999", text: "hello" };
  return () => api.call("POST", "/v1/messages", { body });
}

test("a key has so many requests a window; the next is RATE_LIMITED, with the time to wait", async () => {
  const send = await setup(3);
  const answers = await Promise.all(Array.from({ length: 5 }, () => send()));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(3);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(2);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.body).toMatchObject({ success: false, error_code: "RATE_LIMITED" });
  const seconds = Number(refused?.headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(WINDOW_S);
  expect(refused?.headers.get("ratelimit")).toBe(`"key";r=0;t=${seconds}`);
  expect(await api.redis.keys("*:message:*")).toHaveLength(3);
});

test("every answer under a key says how much is left", async () => {
  const send = await setup(3);
  const { headers } = await send();
  expect(headers.get("ratelimit-policy")).toBe(`"key";q=3;w=${WINDOW_S}`);
  expect(headers.get("ratelimit")).toMatch(/^"key";r=2;t=[0-9]+$/);
  expect((await api.call("GET", "/v1/errors", { key: null })).headers.get("ratelimit")).toBeNull();
});

test("what does not exist and what is forbidden are told before the rate", async () => {
  await setup(1);
  const key = api.addKey({ scopes: [] });
  await api.call("GET", "/v1/nothing");
  expect((await api.call("GET", "/v1/nothing")).status).toBe(404);
  expect((await api.call("GET", "/v1/devices")).status).toBe(429);
  expect((await api.call("GET", "/v1/devices", { key })).status).toBe(403);
});

test("a limit of 0 counts nothing", async () => {
  const send = await setup(0);
  const { status, headers } = await send();
  expect([status, headers.get("ratelimit")]).toEqual([202, null]);
  expect(await api.redis.keys("*:rate:*")).toEqual([]);
});

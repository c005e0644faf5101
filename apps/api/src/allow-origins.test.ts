import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

const APP = "https://app.example";
let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({}, undefined, { corsOrigins: [APP] });
});
afterAll(() => api[Symbol.asyncDispose]());

const ask = (method: string, origin: string, more: Record<string, string> = {}) =>
  api.call(method, "/v1/messages", { headers: { origin, ...more } });

test("a page of an origin that is named may ask first, and read the answer and its headers", async () => {
  const asked = { "access-control-request-method": "POST" };
  const first = await ask("OPTIONS", APP, asked);
  expect(first.status).toBe(204);
  expect(first.headers.get("access-control-allow-origin")).toBe(APP);
  expect(first.headers.get("access-control-allow-methods")).toContain("POST");
  expect(first.headers.get("access-control-allow-headers")).toMatch(/Authorization.*Idempotency/);
  const then = await ask("GET", APP);
  expect(then.status).toBe(200);
  expect(then.headers.get("access-control-allow-origin")).toBe(APP);
  expect(then.headers.get("access-control-expose-headers")).toContain("Retry-After");
});

test("errors may be read too, also without a key", async () => {
  const refused = await api.call("GET", "/v1/messages", { key: null, headers: { origin: APP } });
  expect(refused.status).toBe(401);
  expect(refused.headers.get("access-control-allow-origin")).toBe(APP);
});

test.each(["https://app.example.evil", "http://app.example", "null"])(
  "no page of another origin: %s",
  async (origin) => {
    const asked = { "access-control-request-method": "POST" };
    for (const answer of [await ask("OPTIONS", origin, asked), await ask("GET", origin)]) {
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
      expect(answer.headers.get("vary")).toBe("Origin");
    }
  },
);

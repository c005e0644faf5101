import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CallInit, openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: string;

beforeAll(async () => {
  api = await openTestApi();
  device = await api.addDevice();
});
afterAll(() => api[Symbol.asyncDispose]());

const good = (): Record<string, unknown> => ({ from: device, to: "5511999999999", text: "hello" });
const but = (change: object) => (): CallInit => ({ body: { ...good(), ...change } });
const raw = (body: string | Uint8Array, headers: Record<string, string> = {}) => ({
  body,
  headers,
});
const zipped = (text: string): Uint8Array => new Uint8Array(gzipSync(text));
const gzip = { "content-encoding": "gzip" };

describe("the session dialect", () => {
  test("has its own envelope for every refusal", async () => {
    const absent = await api.call("GET", "/api/v1/nope");
    expect(absent.status).toBe(404);
    expect(absent.body).toEqual({
      error: { code: "NOT_FOUND", message: "There is nothing at this address", status: 404 },
    });
    const anonymous = await api.call("GET", "/api/v1/messages", { key: null });
    expect(anonymous.body).toEqual({
      error: {
        code: "UNAUTHORIZED",
        message: "API key is required. Pass it as a Bearer token.",
        status: 401,
      },
    });
  });
});

test("the wuts dialect also takes the bare token", async () => {
  const bare = { authorization: "pombo_c0_admin-key-for-tests" };
  expect((await api.call("GET", "/nothing", { key: null, headers: bare })).status).toBe(404);
});

test("the scheme may be written in any case", async () => {
  const headers = { authorization: "bEARER pombo_c0_admin-key-for-tests" };
  expect((await api.call("GET", "/v1/devices", { key: null, headers })).status).toBe(200);
});

test("an unknown field is answered with the name that was meant, and the value", async () => {
  const { body } = await api.call("POST", "/v1/messages", but({ txt: "hello" })());
  expect(body["validation"]).toEqual([
    { field: "txt", message: 'unknown field "txt"; did you mean "text"?', value: "hello" },
  ]);
});

test("an empty text is refused word for word as published", async () => {
  const { body } = await api.call("POST", "/v1/messages", but({ text: "" })());
  expect(body).toEqual({
    success: false,
    error: "Validation failed",
    error_code: "VALIDATION_ERROR",
    timestamp: expect.any(String),
    validation: [
      {
        field: "text",
        message: "text is required and must be between 1 and 4096 characters",
        value: "",
      },
    ],
  });
});

test("a wrong method names the right ones", async () => {
  const answer = await api.call("DELETE", "/v1/devices");
  expect(answer.headers.get("allow")).toBe("POST, GET, HEAD, OPTIONS");
});

test("RFC 9457 where it is asked for, on native paths only", async () => {
  const headers = { accept: "application/problem+json" };
  const native = await api.call("GET", "/v1/nope", { headers });
  expect(native.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
  expect(native.body).toMatchObject({
    type: "/docs/errors/NOT_FOUND",
    title: "Not found",
    status: 404,
    error_code: "NOT_FOUND",
  });
  const wuts = await api.call("GET", "/nope", { headers });
  expect(wuts.headers.get("content-type")).toBe("application/json; charset=utf-8");
});

test("4,096 characters are taken, however many units they have", async () => {
  const taken = await api.call("POST", "/v1/messages", but({ text: "🐦".repeat(4_096) })());
  expect(taken.status).toBe(202);
});

test("a compressed body is taken", async () => {
  const init = raw(zipped(JSON.stringify(good())), gzip);
  expect((await api.call("POST", "/v1/messages", init)).status).toBe(202);
});

test("every answer carries safe headers, and none names the framework", async () => {
  for (const path of ["/v1/errors", "/v1/nope"]) {
    const { headers } = await api.call("GET", path);
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
  }
});

test("HEAD answers as GET does, without a body; OPTIONS tells the methods without a key", async () => {
  const head = await api.call("HEAD", "/v1/errors");
  expect([head.status, head.text]).toEqual([200, ""]);
  expect((await api.call("HEAD", "/v1/nope")).status).toBe(404);
  const options = await api.call("OPTIONS", "/v1/devices", { key: null });
  expect([options.status, options.headers.get("allow")]).toEqual([204, "POST, GET, HEAD, OPTIONS"]);
});

test("no log line holds a key, a text, a number, a query or a path as it was sent", async () => {
  await api.call("POST", "/v1/messages", but({ text: "quite secret words" })());
  await api.call("GET", "/v1/messages/x?to=5511999999999");
  const written = JSON.stringify(api.lines);
  expect(written).toContain('"/v1/messages/:id"');
  expect(written).not.toMatch(/secret words|5511999999999|pombo_c0|hunter2/);
});

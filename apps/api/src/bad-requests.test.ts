import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, test } from "vitest";
import { type Case, expectRefusal } from "./expect-refusal.ts";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: string;

beforeAll(async () => {
  api = await openTestApi();
  device = await api.addDevice();
});
afterAll(() => api[Symbol.asyncDispose]());

const good = (): Record<string, unknown> => ({ from: device, to: "5511999999999", text: "hello" });
const raw = (body: string | Uint8Array, headers: Record<string, string> = {}) => ({
  body,
  headers,
});
const zipped = (text: string): Uint8Array => new Uint8Array(gzipSync(text));
const gzip = { "content-encoding": "gzip" };
const undecodable = { status: 400, code: "INVALID_JSON" } as const;

const CASES: readonly Case[] = [
  { name: "no key", init: { key: null }, status: 401, code: "UNAUTHORIZED" },
  {
    name: "another scheme",
    init: { key: null, headers: { authorization: "Basic cG9tYm8=" } },
    status: 401,
    code: "UNAUTHORIZED",
  },
  {
    name: "a bare token on a native path",
    init: { key: null, headers: { authorization: "pombo_c0_admin-key-for-tests" } },
    status: 401,
    code: "UNAUTHORIZED",
  },
  {
    name: "an unknown key",
    init: { key: "pombo_c0_0123456789abcdef" },
    status: 401,
    code: "INVALID_API_KEY",
  },
  { name: "a malformed key", init: { key: "hunter2" }, status: 401, code: "INVALID_API_KEY" },
  {
    name: "a key of another cell",
    init: { key: "pombo_c1_0123456789abcdef" },
    status: 401,
    code: "INVALID_API_KEY",
  },
  {
    name: "a revoked key",
    init: () => ({ key: api.addKey({ revokedAt: 1 }) }),
    status: 401,
    code: "INVALID_API_KEY",
  },
  {
    name: "an expired key",
    init: () => ({ key: api.addKey({ expiresAt: 1 }) }),
    status: 401,
    code: "INVALID_API_KEY",
  },
  {
    name: "no key on an unknown route",
    path: "/v1/nope",
    init: { key: null },
    status: 401,
    code: "UNAUTHORIZED",
  },
  { name: "an unknown route", path: "/v1/nope", status: 404, code: "NOT_FOUND" },
  { name: "an unknown route at the root", path: "/nope", status: 404, code: "NOT_FOUND" },
  { name: "a wrong method", method: "DELETE", status: 405, code: "METHOD_NOT_ALLOWED" },
  {
    name: "a wrong method on a public route",
    method: "POST",
    path: "/v1/errors",
    init: { key: null },
    status: 405,
    code: "METHOD_NOT_ALLOWED",
  },
  {
    name: "a wrong method by a key without scopes",
    method: "PATCH",
    init: () => ({ key: api.addKey({}) }),
    status: 405,
    code: "METHOD_NOT_ALLOWED",
  },
  {
    name: "a key without the scope, whatever the body",
    init: () => ({ key: api.addKey({ scopes: ["messages:read"] }), ...raw("{") }),
    status: 403,
    code: "FORBIDDEN",
  },
  {
    name: "no content type",
    init: { ...raw("{}"), headers: { "content-type": "" } },
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "a wrong content type",
    init: raw("a=b", { "content-type": "text/plain" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "another charset",
    init: raw("{}", { "content-type": "application/json; charset=latin1" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "an unknown encoding",
    init: raw("{}", { "content-encoding": "zstd" }),
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
  },
  {
    name: "a body of 20 MB",
    init: () => raw("x".repeat(20_000_000)),
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
  },
  {
    name: "a small body that unpacks to 20 MB",
    init: () => raw(zipped("x".repeat(20_000_000)), gzip),
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
  },
  { name: "no body", init: { headers: { "content-type": "application/json" } }, ...undecodable },
  { name: "malformed JSON", init: raw('{"text": '), ...undecodable },
  {
    name: "invalid UTF-8",
    init: raw(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])),
    ...undecodable,
  },
  { name: "broken gzip", init: raw("this is not gzip", gzip), ...undecodable },
  {
    name: "truncated gzip",
    init: () => raw(zipped(JSON.stringify(good())).slice(0, 20), gzip),
    ...undecodable,
  },
  { name: "a key twice", init: raw('{"text":"a","text":"b"}'), ...undecodable },
  { name: "a __proto__ key", init: raw('{"__proto__":{"text":"a"}}'), ...undecodable },
  {
    name: "a __proto__ key, escaped, deep inside",
    init: raw('{"metadata":{"\\u005f_proto__":1}}'),
    ...undecodable,
  },
  {
    name: "absurd nesting",
    init: () => raw("[".repeat(100_000) + "]".repeat(100_000)),
    ...undecodable,
  },
  { name: "a list", init: raw("[]"), status: 400, code: "INVALID_REQUEST_FORMAT" },
  { name: "null", init: raw("null"), status: 400, code: "INVALID_REQUEST_FORMAT" },
  { name: "a text", init: raw('"text"'), status: 400, code: "INVALID_REQUEST_FORMAT" },
];

test.each(CASES)("$name answers $status $code", (given) => expectRefusal(api, given));

import type { DeviceId, ErrorCode, MessageId } from "@pombo/domain";
import type { Ownership } from "@pombo/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Called, openTestApi, type TestApi } from "../open-test-api.ts";

/** The examples of both published documents, as they stand there. */
const EXAMPLES = {
  noKey: `{
  "error": {
    "code": "UNAUTHORIZED",
    "message": "API key is required. Pass it as a Bearer token.",
    "status": 401
  }
}`,
  badKey: `{
  "error": {
    "code": "INVALID_API_KEY",
    "message": "The provided API key is invalid or has been revoked.",
    "status": 401
  }
}`,
  away: `{
  "error": {
    "code": "SESSION_NOT_CONNECTED",
    "message": "The session linked to this API key is not connected. Connect it from the dashboard first.",
    "status": 422
  }
}`,
  sendFailed: `{
  "error": {
    "code": "SEND_FAILED",
    "message": "Failed to send message.",
    "status": 502
  }
}`,
  unavailable: `{
  "error": {
    "code": "SERVICE_UNAVAILABLE",
    "message": "WhatsApp service is unavailable. Try again later.",
    "status": 503
  }
}`,
  invalid: `{
  "message": "The to field is required. (and 1 more error)",
  "errors": {
    "to": ["The to field is required."],
    "message": ["The message field is required."]
  }
}`,
  emptyText: `{
  "success": false,
  "error": "Validation failed",
  "error_code": "VALIDATION_ERROR",
  "timestamp": "2026-06-15T13:45:02Z",
  "validation": [
    {
      "field": "text",
      "message": "text is required and must be between 1 and 4096 characters",
      "value": ""
    }
  ]
}`,
  notReady: `{
  "success": false,
  "error": "WhatsApp session is not connected",
  "error_code": "DEVICE_NOT_READY",
  "timestamp": "2026-06-15T13:45:02Z"
}`,
} as const;

/** Byte for byte, but for white space between the tokens and the time. */
function expectExample(answer: Called, status: number, example: string): void {
  const at = /"timestamp":"[^"]*"/;
  const shown = JSON.stringify(JSON.parse(example)).replace(at, "");
  expect(answer.text.replace(at, "")).toBe(shown);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  if (answer.body["timestamp"] !== undefined)
    expect(answer.body["timestamp"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
}

let api: TestApi;
let device: DeviceId;
let own: Ownership;
let key: string;

beforeAll(async () => {
  api = await openTestApi();
  device = await api.addDevice();
  key = api.addKey({ scopes: ["messages:send"], devices: [device], deviceId: device });
  const taken = await api.ledger.take(device, "test");
  if (taken === undefined) throw new Error("the lease is taken");
  own = taken;
});
afterAll(() => api[Symbol.asyncDispose]());

const text = "/api/v1/messages/text";
const hello = { to: "5511999999999", message: "hello" };

const session = (init: object = {}) => api.call("POST", text, { key, body: hello, ...init });

/** The way the document's curl writes it, with the bytes that it sends. */
const curl = (init: object = {}) =>
  api.call("POST", "/send/text", {
    key,
    body: '{ "number": "5511999999999", "text": "" }',
    ...init,
  });

test("session: no key, and a bad one", async () => {
  expectExample(await session({ key: null }), 401, EXAMPLES.noKey);
  expectExample(await session({ key: "pombo_c0_0123456789abcdef0" }), 401, EXAMPLES.badKey);
});

test("session: the fields that are missing, in one sentence each", async () => {
  expectExample(await session({ body: {} }), 422, EXAMPLES.invalid);
  const one = await session({ body: { to: "5511999999999", message: " " } });
  expect(one.text).toBe(
    '{"message":"The message field is required.","errors":{"message":["The message field is required."]}}',
  );
});

test("session and wuts: a device that is not connected", async () => {
  expectExample(await session(), 422, EXAMPLES.away);
  const body = { number: "5511999999999", text: "hello" };
  expectExample(await curl({ body }), 503, EXAMPLES.notReady);
});

test("wuts: the worked example, also with the bare token", async () => {
  expectExample(await curl(), 400, EXAMPLES.emptyText);
  const bare = await curl({ key: null, headers: { authorization: key } });
  expectExample(bare, 400, EXAMPLES.emptyText);
  expect((await session({ key: null, headers: { authorization: key } })).status).toBe(401);
});

test("session: WhatsApp did not take it, and a service that is away", async () => {
  await api.ledger.changeDevice(own, { state: "connected", now: Date.now() });
  const answer = session();
  await failNext("SEND_FAILED");
  expectExample(await answer, 502, EXAMPLES.sendFailed);
  await api.ledger.pauseLane(device, true, { now: Date.now() });
  expectExample(await session(), 503, EXAMPLES.unavailable);
});

async function failNext(code: ErrorCode): Promise<void> {
  let id = "";
  await expect
    .poll(async () => {
      const [found] = await api.redis.keys("*:message:*");
      id = found?.split(":").at(-1) ?? "";
      return id;
    })
    .not.toBe("");
  const failure = { code, detail: "" };
  await api.ledger.settle(own, id as MessageId, { to: "failed", now: Date.now(), failure });
}

test("a key that is linked to no session has no session", async () => {
  const unbound = api.addKey({ scopes: ["messages:send"] });
  const answer = await session({ key: unbound });
  expect([answer.status, answer.text]).toEqual([
    403,
    '{"error":{"code":"NO_SESSION","message":"The API key is not linked to a WhatsApp session.","status":403}}',
  ]);
});

test("an address that is nothing answers in the envelope of its dialect", async () => {
  const root = await api.call("GET", "/nothing", { key });
  expect([root.status, root.body["error_code"]]).toEqual([404, "NOT_FOUND"]);
  const inSession = await api.call("GET", "/api/v1/nothing", { key });
  expect([inSession.status, inSession.body["error"]]).toMatchObject([404, { code: "NOT_FOUND" }]);
});

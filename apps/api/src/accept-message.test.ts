import { ROUTES, validate } from "@pombo/contract";
import {
  type CellId,
  DEFAULT_SETTINGS,
  type ErrorCode,
  type MessageId,
  resolvePace,
} from "@pombo/domain";
import { digestApiKey } from "@pombo/ledger";
import { openLanes } from "@pombo/queue";
import { cellKeys } from "@pombo/redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { claimOf, fingerprintOf } from "./idempotency.ts";
import { ADMIN, type Called, openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ idempotency_claim_ms: 100 });
});
afterAll(() => api[Symbol.asyncDispose]());

async function setup(headers: Record<string, string> = {}) {
  const device = await api.addDevice();
  const body = { from: device, to: "+55 (11) 99999-9999", text: "hello", client_ref: "order 7" };
  const send = (more: Record<string, string> = {}, signal?: AbortSignal): Promise<Called> =>
    api.call("POST", "/v1/messages", {
      body,
      headers: { ...headers, ...more },
      ...(signal === undefined ? {} : { signal }),
    });
  return { device, body, send };
}

type Setup = Awaited<ReturnType<typeof setup>>;

/** The id of the message that a waiting request has had accepted. */
async function acceptedBy({ device }: Setup): Promise<MessageId> {
  let id: string | undefined;
  await expect
    .poll(async () => {
      const keys = await api.redis.keys("*:message:*");
      const devices = await Promise.all(keys.map((key) => api.redis.hget(key, "device")));
      id = keys[devices.indexOf(device)]?.split(":").at(-1);
      return id;
    })
    .toBeDefined();
  return String(id) as MessageId;
}

const prove = ({ device }: Setup, messageId: MessageId, proves: "sent" | "read") =>
  api.ledger.recordEvidence(device, { messageId, proves, now: Date.now() });

async function fail(
  given: Setup,
  messageId: MessageId,
  failed: { readonly code: ErrorCode; readonly mayHaveLeft?: true },
) {
  const own = await api.ledger.take(given.device, "test");
  if (own === undefined) throw new Error("the lease is taken");
  const { code, ...rest } = failed;
  const failure = { code, detail: "" };
  return api.ledger.settle(own, messageId, { to: "failed", now: Date.now(), failure, ...rest });
}

test("a message is accepted, and shown as it is", async () => {
  const given = await setup();
  const { status, body } = await given.send();
  expect(status).toBe(202);
  expect(body).toEqual({
    success: true,
    message_id: expect.stringMatching(/^3EB0[0-9A-F]{18}$/),
    status: "queued",
    device_id: given.device,
    chat_jid: "5511999999999@s.whatsapp.net",
    created_at: expect.stringMatching(/Z$/),
  });
  const shown = await api.call("GET", `/v1/messages/${String(body["message_id"])}`);
  expect(shown.body).toMatchObject({
    ...body,
    status_version: 1,
    timeline: [{ status: "queued" }],
    attempts: 0,
    blocked_by: "device_offline",
    blocked_since: expect.any(String),
    last_error: null,
    client_ref: "order 7",
    metadata: null,
  });
});

test("when the lane is free the message goes straight into the window, and its lane has the job", async () => {
  const given = await setup();
  const own = await api.ledger.take(given.device, "test");
  if (own === undefined) throw new Error("the lease is taken");
  const now = Date.now();
  await api.ledger.changeDevice(own, { state: "connected", now, phone: "5511988887777" });
  await api.ledger.rememberRecipient("5511999999999", {});
  await api.ledger.warmUp(given.device, "5511999999999", now + 60_000);
  const pace = resolvePace({}, DEFAULT_SETTINGS, { now, pairedAt: now });
  await api.ledger.openLane(own, now, pace);
  const id = String((await given.send()).body["message_id"]);
  expect(await api.ledger.window(given.device)).toMatchObject([{ messageId: id, feed: 1 }]);
  const lanes = openLanes({ redis: api.redis, tag: cellKeys("c0" as CellId).tag, owner: "test" });
  expect(await lanes.lane(given.device).fetch()).toEqual({ messageId: id, feed: 1 });
});

test("with Prefer: wait, a message that is sent in time is answered whole", async () => {
  const given = await setup({ prefer: "wait=30" });
  const answer = given.send();
  await prove(given, await acceptedBy(given), "sent");
  const { status, body, headers } = await answer;
  expect([status, body["status"], body["status_version"]]).toEqual([200, "sent", 2]);
  expect(headers.get("preference-applied")).toBe("wait=30");
});

test("with Prefer: wait, a failure in time is the catalog's answer with the message's id", async () => {
  const given = await setup({ prefer: "wait=30" });
  const answer = given.send();
  const id = await acceptedBy(given);
  await fail(given, id, { code: "RECIPIENT_NOT_ON_WHATSAPP" });
  const { status, body } = await answer;
  expect(status).toBe(422);
  expect(body).toMatchObject({
    success: false,
    error_code: "RECIPIENT_NOT_ON_WHATSAPP",
    message_id: id,
  });
});

test.each([
  { name: "that is never an HTTP answer", failed: { code: "OUTCOME_UNKNOWN" } },
  {
    name: "of a message that may have left",
    failed: { code: "SEND_REJECTED", mayHaveLeft: true },
  },
] as const)("a failure $name is told as the status, not as an error", async ({ failed }) => {
  const given = await setup({ prefer: "wait=30" });
  const answer = given.send();
  await fail(given, await acceptedBy(given), failed);
  expect(await answer).toMatchObject({ status: 202, body: { status: "failed" } });
});

test("when the time is up the answer is 202 with the status of that moment", async () => {
  const { send } = await setup({ prefer: "wait=1" });
  expect(await send()).toMatchObject({ status: 202, body: { status: "queued" } });
});

test("respond-async does not wait", async () => {
  const { send } = await setup({ prefer: "wait=60, respond-async" });
  const { status, headers } = await send();
  expect([status, headers.get("preference-applied")]).toEqual([202, "respond-async"]);
});

test("the same key and body: one message, and the first answer byte for byte", async () => {
  const { send } = await setup({ "idempotency-key": "one" });
  const first = await send();
  const second = await send();
  expect(second.text).toBe(first.text);
  expect(second.status).toBe(202);
  expect(second.headers.get("idempotent-replayed")).toBe("true");
  expect(first.headers.get("idempotent-replayed")).toBeNull();
});

test("the same key and another body is refused", async () => {
  const { send, body } = await setup({ "idempotency-key": "two" });
  await send();
  const other = await api.call("POST", "/v1/messages", {
    body: { ...body, text: "another" },
    headers: { "idempotency-key": "two" },
  });
  expect(other).toMatchObject({ status: 409, body: { error_code: "IDEMPOTENCY_KEY_REUSED" } });
});

test("a key that another API key used is free", async () => {
  const { send, body } = await setup({ "idempotency-key": "three" });
  const first = await send();
  const second = await api.call("POST", "/v1/messages", {
    body,
    key: api.addKey({ scopes: ["messages:send"] }),
    headers: { "idempotency-key": "three" },
  });
  expect(second.status).toBe(202);
  expect(second.body["message_id"]).not.toBe(first.body["message_id"]);
});

test("ten requests with one key at once make one message", async () => {
  const { send } = await setup({ "idempotency-key": "four" });
  const answers = await Promise.all(Array.from({ length: 10 }, () => send()));
  const taken = answers.filter(({ status }) => status === 202);
  const inProgress = answers.filter(({ status }) => status === 409);
  expect(taken.length + inProgress.length).toBe(10);
  expect(new Set(taken.map(({ body }) => body["message_id"])).size).toBe(1);
  for (const { body, headers } of inProgress) {
    expect(body["error_code"]).toBe("IDEMPOTENCY_KEY_IN_PROGRESS");
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  }
});

test("a retry joins the wait of the request that is still open, and gets the same answer", async () => {
  const given = await setup({ "idempotency-key": "five", prefer: "wait=30" });
  const first = given.send();
  const id = await acceptedBy(given);
  const second = given.send();
  await prove(given, id, "sent");
  const [one, two] = await Promise.all([first, second]);
  expect([one.status, two.text]).toEqual([200, one.text]);
});

test("after a client that left, its retry joins the message instead of making another", async () => {
  const given = await setup({ "idempotency-key": "six", prefer: "wait=30" });
  const impatient = new AbortController();
  const first = given.send({}, impatient.signal).catch(() => "left");
  const id = await acceptedBy(given);
  impatient.abort();
  expect(await first).toBe("left");
  const second = given.send();
  await prove(given, id, "read");
  expect(await second).toMatchObject({ status: 200, body: { message_id: id, status: "read" } });
});

test("a claim whose claimer died is resumed, with its id", async () => {
  const given = await setup({ "idempotency-key": "seven" });
  const parsed = validate(ROUTES.sendMessage.body, given.body);
  if (parsed.kind === "invalid") throw new Error("the body is not valid");
  const id = "3EB0AAAAAAAAAAAAAAAAAA" as MessageId;
  const fingerprint = fingerprintOf(parsed.value);
  const claim = claimOf(`key_${digestApiKey(ADMIN).slice(0, 12)}`, "sendMessage", "seven");
  // Longer than a slow machine takes for the request that comes too early.
  const until = Date.now() + 3_000;
  await api.ledger.claim(claim, { fingerprint, messageId: id, now: until });
  const early = await given.send();
  expect(early).toMatchObject({ status: 409, body: { error_code: "IDEMPOTENCY_KEY_IN_PROGRESS" } });
  await expect
    .poll(() => given.send(), { timeout: 15_000 })
    .toMatchObject({ status: 202, body: { message_id: id } });
});

test("a long poll ends with the change", async () => {
  const given = await setup();
  const id = String((await given.send()).body["message_id"]) as MessageId;
  const poll = api.call("GET", `/v1/messages/${id}?wait=30&after_version=1`);
  await prove(given, id, "sent");
  expect(await poll).toMatchObject({ status: 200, body: { status: "sent", status_version: 2 } });
});

test("a long poll behind the present version is answered at once", async () => {
  const given = await setup();
  const id = String((await given.send()).body["message_id"]);
  const polled = await api.call("GET", `/v1/messages/${id}?wait=30&after_version=0`);
  expect(polled.body["status_version"]).toBe(1);
});

test("a message of a device that the key may not see is as if absent", async () => {
  const given = await setup();
  const id = String((await given.send()).body["message_id"]);
  const limited = (devices: readonly string[]) =>
    api.addKey({ scopes: ["messages:read"], devices });
  const path = `/v1/messages/${id}`;
  expect((await api.call("GET", path, { key: limited([given.device]) })).status).toBe(200);
  const other = await api.call("GET", path, { key: limited(["dev_other0000"]) });
  expect(other).toMatchObject({ status: 404, body: { error_code: "MESSAGE_NOT_FOUND" } });
});

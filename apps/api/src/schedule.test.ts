import { randomUUID } from "node:crypto";
import type { MessageId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const MINUTE = 60_000;
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

async function send(over: object, headers: Record<string, string> = {}) {
  const from = await api.addDevice();
  const body = { from, to: "5511999999999", text: "hello", ...over };
  const again = (): ReturnType<TestApi["call"]> =>
    api.call("POST", "/v1/messages", { body, headers });
  return { ...(await again()), again };
}

const read = (id: unknown) => api.call("GET", `/v1/messages/${String(id)}`);

test("a message for later is scheduled, and echoes its times and quiet hours", async () => {
  const send_at = inMs(5 * MINUTE);
  const quiet_hours = { from: "22:00", to: "07:00", timezone: "America/Sao_Paulo" };
  const { status, body } = await send({ send_at, ttl_s: 60, quiet_hours });
  expect([status, body["status"]]).toEqual([202, "scheduled"]);
  expect((await read(body["message_id"])).body).toMatchObject({
    status: "scheduled",
    blocked_by: "scheduled",
    eta: send_at,
    next_attempt_at: send_at,
    send_at,
    expires_at: new Date(Date.parse(send_at) + MINUTE).toISOString(),
    quiet_hours,
  });
});

test("a time that has just passed means now", async () => {
  const { body } = await send({ send_at: inMs(-MINUTE / 2), expires_at: inMs(MINUTE) });
  expect(body["status"]).toBe("queued");
  expect((await read(body["message_id"])).body).toMatchObject({ send_at: null });
});

test.each([
  { field: "send_at", over: () => ({ send_at: inMs(-2 * MINUTE) }) },
  { field: "send_at", over: () => ({ send_at: inMs(367 * 24 * 60 * MINUTE) }) },
  { field: "expires_at", over: () => ({ expires_at: inMs(-1) }) },
  {
    field: "expires_at",
    over: () => ({ send_at: inMs(2 * MINUTE), expires_at: inMs(MINUTE) }),
  },
  { field: "ttl_s", over: () => ({ ttl_s: 5, expires_at: inMs(MINUTE) }) },
  {
    field: "quiet_hours.timezone",
    over: () => ({ quiet_hours: { from: "22:00", to: "07:00", timezone: "Nowhere" } }),
  },
])("a wrong $field is VALIDATION_ERROR, and its key stays free", async ({ field, over }) => {
  const headers = { "idempotency-key": randomUUID() };
  const { status, body, again } = await send(over(), headers);
  expect(status).toBe(400);
  expect(body).toMatchObject({ error_code: "VALIDATION_ERROR", validation: [{ field }] });
  expect((await again()).status).toBe(400);
  expect((await send({ text: "another" }, headers)).status).toBe(202);
});

test("a repeat of a request whose time has passed since is replayed", async () => {
  const headers = { "idempotency-key": "in-time" };
  const first = await send({ expires_at: inMs(300) }, headers);
  expect(first.status).toBe(202);
  await expect
    .poll(() => Date.now() >= Date.parse(String(first.body["created_at"])) + 300)
    .toBe(true);
  const second = await first.again();
  expect([second.status, second.text]).toEqual([202, first.text]);
});

test("a canceled message says so; again is no conflict; one that was sent is", async () => {
  const given = await send({ send_at: inMs(MINUTE) });
  const id = String(given.body["message_id"]);
  const cancel = (key?: string) =>
    api.call("POST", `/v1/messages/${id}/cancel`, key === undefined ? {} : { key });
  const stranger = api.addKey({ scopes: ["messages:send"], devices: ["dev_other0000"] });
  expect((await cancel(stranger)).status).toBe(404);
  for (const answer of [await cancel(), await cancel()])
    expect(answer).toMatchObject({ status: 200, body: { message_id: id, status: "canceled" } });

  const sent = await send({});
  const sentId = String(sent.body["message_id"]) as MessageId;
  const deviceId = String(sent.body["device_id"]);
  const record = await api.ledger.findMessage(sentId);
  expect(record?.deviceId).toBe(deviceId);
  if (record === undefined) throw new Error("it is gone");
  const evidence = { messageId: sentId, proves: "sent", now: Date.now() } as const;
  await api.ledger.recordEvidence(record.deviceId, evidence);
  expect(await api.call("POST", `/v1/messages/${sentId}/cancel`)).toMatchObject({
    status: 409,
    body: { error_code: "CONFLICT", message_id: sentId },
  });
  expect((await api.call("POST", "/v1/messages/3EB0000000000000000000/cancel")).status).toBe(404);
});

test("a wait on a message that is sent already is answered at once", async () => {
  const { body } = await send({});
  const id = String(body["message_id"]) as MessageId;
  const record = await api.ledger.findMessage(id);
  if (record === undefined) throw new Error("it is gone");
  await api.ledger.recordEvidence(record.deviceId, {
    messageId: id,
    proves: "sent",
    now: Date.now(),
  });
  const started = performance.now();
  expect((await api.call("GET", `/v1/messages/${id}?wait=20`)).body["status"]).toBe("sent");
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("the statuses of many: in order, null for what is not there or not to be seen", async () => {
  const [one, two] = [await send({}), await send({ send_at: inMs(MINUTE) })];
  const ids = [two.body["message_id"], "nonsense", one.body["message_id"], two.body["message_id"]];
  const poll = (init: { key?: string } = {}) =>
    api.call("POST", "/v1/messages/status", { body: { ids }, ...init });
  const scheduled = { status: "scheduled", status_version: 1, error_code: null };
  expect((await poll()).body["messages"]).toMatchObject([
    scheduled,
    null,
    { status: "queued" },
    scheduled,
  ]);
  const device = String(one.body["device_id"]);
  const key = api.addKey({ scopes: ["messages:read"], devices: [device] });
  expect((await poll({ key })).body["messages"]).toMatchObject([null, null, {}, null]);
  const many = { ids: Array.from({ length: 1_001 }, () => "x") };
  expect((await api.call("POST", "/v1/messages/status", { body: many })).status).toBe(400);
});

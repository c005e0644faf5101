import type { DeviceId, MessageId, Settings } from "@pombo/domain";
import type { Ledger, Ownership } from "@pombo/ledger";
import { afterEach, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let own: Ownership;
let device: DeviceId;
let key: string;

afterEach(() => api[Symbol.asyncDispose]());

/** A device that a worker has connected, and a key that is bound to it. */
async function setup(
  settings: Partial<Settings> = {},
  change?: (ledger: Ledger) => Partial<Ledger>,
): Promise<void> {
  api = await openTestApi(settings, change);
  device = await api.addDevice();
  key = api.addKey({ scopes: ["messages:send"], devices: [device], deviceId: device });
  const taken = await api.ledger.take(device, "test");
  if (taken === undefined) throw new Error("the lease is taken");
  own = taken;
  await become("connected");
}

async function become(state: "connected" | "disconnected"): Promise<void> {
  if (state === "disconnected") await api.ledger.closeLane(own);
  await api.ledger.changeDevice(own, { state, now: Date.now() });
}

const dialects = [
  { dialect: "wuts", path: "/send/text", body: { number: "5511999999999", text: "hello" } },
  {
    dialect: "session",
    path: "/api/v1/messages/text",
    body: { to: "5511999999999", message: "hello" },
  },
] as const;
const [wuts] = dialects;

function send(given: (typeof dialects)[number], headers: Record<string, string> = {}) {
  return api.call("POST", given.path, { key, body: given.body, headers });
}

async function accepted(): Promise<MessageId> {
  let id = "";
  await expect
    .poll(async () => {
      const [found] = await api.redis.keys("*:message:*");
      id = found?.split(":").at(-1) ?? "";
      return id;
    })
    .not.toBe("");
  return id as MessageId;
}

function fail(id: MessageId, mayHaveLeft = false) {
  const failure = { code: "SEND_REJECTED", detail: "" } as const;
  return api.ledger.settle(own, id, { to: "failed", now: Date.now(), failure, mayHaveLeft });
}

const statusOf = async (id: MessageId) => (await api.ledger.findMessage(id))?.status;

test.each(dialects)("$dialect: the answer comes with the ack", async (given) => {
  await setup();
  const answer = send(given);
  const id = await accepted();
  await api.ledger.recordEvidence(device, { messageId: id, proves: "delivered", now: Date.now() });
  const { status, body } = await answer;
  if (given.dialect === "wuts") {
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      message_id: id,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      status: "sent",
      chat_jid: "5511999999999@s.whatsapp.net",
      metadata: {
        device_id: device,
        processing_time_ms: expect.any(Number) as number,
        presence_sent: false,
        presence_duration_seconds: 0,
        mentions_processed: 0,
        quoted_message_found: false,
        sent_at: body["timestamp"],
      },
    });
  } else {
    expect(status).toBe(201);
    expect(body).toEqual({
      data: {
        message_id: id,
        status: "delivered",
        to: "5511999999999",
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/) as string,
      },
    });
  }
});

test.each(dialects)("$dialect: a failure is final: no letter, and a free key", async (given) => {
  await setup();
  const answer = send(given, { "idempotency-key": "once" });
  const id = await accepted();
  await fail(id);
  expect((await answer).status).toBe(given.dialect === "wuts" ? 422 : 502);
  expect(await api.ledger.countLetters()).toBe(0);
  const next = send(given, { "idempotency-key": "once", prefer: "wait=0" });
  expect((await next).status).toBe(given.dialect === "wuts" ? 202 : 201);
  expect(await api.redis.keys("*:message:*")).toHaveLength(2);
});

test.each(dialects)(
  "$dialect: a device that is away is told before anything is written",
  async (given) => {
    await setup();
    await become("disconnected");
    const { status, body } = await send(given);
    expect(await api.redis.keys("*:message:*")).toEqual([]);
    if (given.dialect === "wuts")
      expect([status, body["error_code"]]).toEqual([503, "DEVICE_DISCONNECTED"]);
    else expect([status, body["error"]]).toMatchObject([422, { code: "SESSION_NOT_CONNECTED" }]);
  },
);

test.each(dialects)(
  "$dialect: respond-async is accepted for a device that is away",
  async (given) => {
    await setup();
    await become("disconnected");
    const { status } = await send(given, { prefer: "respond-async" });
    expect(status).toBe(given.dialect === "wuts" ? 202 : 201);
    expect(await statusOf(await accepted())).toBe("queued");
  },
);

test("a device that leaves while the message is queued: withdrawn, and nothing of it is left to send", async () => {
  await setup();
  const answer = send(wuts, { "idempotency-key": "once" });
  const id = await accepted();
  await become("disconnected");
  expect(await answer).toMatchObject({ status: 503, body: { error_code: "DEVICE_DISCONNECTED" } });
  expect(await api.ledger.findMessage(id)).toMatchObject({
    status: "canceled",
    lastError: { code: "DEVICE_DISCONNECTED" },
  });
  await become("connected");
  await send(wuts, { "idempotency-key": "once", prefer: "respond-async" });
  expect(await api.redis.keys("*:message:*")).toHaveLength(2);
});

test("what is under way when the device leaves is waited for", async () => {
  await setup();
  const answer = send(wuts);
  const id = await accepted();
  await api.redis.hset(`{pombo:c0}:message:${id}`, "status", "sending");
  await become("disconnected");
  await api.ledger.recordEvidence(device, { messageId: id, proves: "sent", now: Date.now() });
  expect(await answer).toMatchObject({ status: 200, body: { message_id: id } });
});

test("a lane that is paused, or that WhatsApp told to rest, is told at once", async () => {
  await setup();
  await api.ledger.pauseLane(device, true, { now: Date.now() });
  expect((await send(wuts)).body["error_code"]).toBe("SERVICE_UNAVAILABLE");
  await api.ledger.pauseLane(device, false, { now: Date.now() });
  await api.redis.hset(`{pombo:c0}:lane:${device}`, "throttled_until", Date.now() + 90_000);
  const { status, body, headers } = await send(wuts);
  expect([status, body["error_code"]]).toEqual([503, "SERVICE_UNAVAILABLE"]);
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(80);
});

test.each(dialects)(
  "$dialect: when the time is up, the answer is the real status",
  async (given) => {
    await setup({ sync_wait_ms: 50 });
    const { status, body } = await send(given);
    if (given.dialect === "wuts") expect([status, body["status"]]).toEqual([202, "queued"]);
    else expect([status, body["data"]]).toMatchObject([201, { status: "queued" }]);
  },
);

test("after its time, an API that died can't have made it fail: the ordinary rules hold", async () => {
  await setup({ sync_wait_ms: 50 });
  await send(wuts);
  const message = await api.ledger.findMessage(await accepted());
  expect(message?.syncUntil).toBeLessThanOrEqual(Date.now());
});

test("a failure of what may have left is no error: it is told as it is", async () => {
  await setup();
  const answer = send(wuts);
  await fail(await accepted(), true);
  expect(await answer).toMatchObject({ status: 202, body: { status: "failed" } });
  expect(await api.ledger.countLetters()).toBe(1);
});

test("one that was redriven before it was answered is told as it is", async () => {
  await setup({}, (ledger) => ({
    closeMessage: async (id, told) => {
      await ledger.redrive(id, Date.now());
      return ledger.closeMessage(id, told);
    },
  }));
  const answer = send(wuts);
  await fail(await accepted());
  expect((await answer).status).toBe(202);
});

test("a retry under the same key joins the wait, and has the first answer from then on", async () => {
  await setup();
  const headers = { "idempotency-key": "once" };
  const first = send(wuts, headers);
  const id = await accepted();
  const second = send(wuts, headers);
  await api.ledger.recordEvidence(device, { messageId: id, proves: "sent", now: Date.now() });
  const answers = await Promise.all([first, second]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers[0].text).toBe(answers[1].text);
  await become("disconnected");
  expect((await send(wuts, headers)).text).toBe(answers[0].text);
  const other = { ...wuts, body: { ...wuts.body, text: "other" } } as unknown as typeof wuts;
  expect((await send(other, headers)).body["error_code"]).toBe("IDEMPOTENCY_KEY_REUSED");
});

test("a store that goes away while the client waits takes nothing back: the message is told as accepted", async () => {
  await setup({}, () => ({
    viewStanding: () => Promise.reject(new Error("Connection is closed.")),
  }));
  expect(await send(wuts)).toMatchObject({ status: 202, body: { status: "queued" } });
});

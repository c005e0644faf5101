import type { DeviceId, MessageId } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { afterEach, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

afterEach(() => api[Symbol.asyncDispose]());

const headers = { "idempotency-key": "once" };

async function setup(change?: (ledger: Ledger) => Partial<Ledger>) {
  api = await openTestApi({ idempotency_claim_ms: 1 }, change);
  const from = await api.addDevice();
  const body = { from, to: "5511999999999", text: "hello" };
  const send = (more: Record<string, string> = {}) =>
    api.call("POST", "/v1/messages", { body, headers: { ...headers, ...more } });
  return { from, send };
}

/** Fails the message that a waiting request has had accepted, as its device's owner. */
async function failFirst(device: DeviceId, mayHaveLeft?: true): Promise<MessageId> {
  let id = "";
  await expect
    .poll(async () => {
      const [key] = await api.redis.keys("*:message:*");
      id = key?.split(":").at(-1) ?? "";
      return id;
    })
    .not.toBe("");
  const own = await api.ledger.take(device, "test");
  if (own === undefined) throw new Error("the lease is taken");
  const failure = { code: "SEND_REJECTED", detail: "" } as const;
  const outcome = { to: "failed", now: Date.now(), failure } as const;
  const left = mayHaveLeft === undefined ? {} : { mayHaveLeft };
  await api.ledger.settle(own, id as MessageId, { ...outcome, ...left });
  return id as MessageId;
}

test("a failure that is answered is final: no letter, no redrive, and the next try is a new message", async () => {
  const { from, send } = await setup();
  const answer = send({ prefer: "wait=20" });
  const id = await failFirst(from);
  expect(await answer).toMatchObject({ status: 422, body: { message_id: id } });
  expect(await api.ledger.countLetters()).toBe(0);
  const redriven = await api.call("POST", `/v1/dead-letters/${id}/redrive`, { body: {} });
  expect(redriven.status).toBe(409);
  const next = await send();
  expect(next.status).toBe(202);
  expect(next.body["message_id"]).not.toBe(id);
});

test("a failure that nobody was told stays a letter, and its key stays taken", async () => {
  const { from, send } = await setup();
  const first = await send();
  const id = await failFirst(from);
  expect(await api.ledger.isLetter(id)).toBe(true);
  expect((await send()).text).toBe(first.text);
});

test("one that was redriven before it was answered is told as it is", async () => {
  const { from, send } = await setup((ledger) => ({
    closeMessage: async (id, told) => {
      await ledger.redrive(id, Date.now());
      return ledger.closeMessage(id, told);
    },
  }));
  const answer = send({ prefer: "wait=20" });
  const id = await failFirst(from);
  expect(await answer).toMatchObject({ status: 202, body: { message_id: id, status: "queued" } });
  expect((await send()).body["message_id"]).toBe(id);
});

const lost = new Error("Command timed out");

test.each(["never ran", "ran"])(
  "an acceptance without an answer that %s: 503 only when the message can't come any more",
  async (what) => {
    let late: () => Promise<unknown> = () => Promise.resolve();
    let first = true;
    const { send } = await setup((ledger) => ({
      accept: async (message, claim) => {
        if (!first) return ledger.accept(message, claim);
        first = false;
        late = () => ledger.accept(message, claim);
        if (what === "ran") await late();
        throw lost;
      },
    }));
    const answer = await send();
    expect(answer).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
    await late();
    const keys = await api.redis.keys("*:message:*");
    const statuses = await Promise.all(keys.map((key) => api.redis.hget(key, "status")));
    expect(statuses).toEqual([what === "ran" ? "canceled" : null]);
    const next = await send();
    expect(next.status).toBe(202);
    expect(await api.redis.keys("*:message:*")).toHaveLength(2);
  },
);

test("an acceptance without an answer whose message is under way is told as accepted", async () => {
  const { send } = await setup((ledger) => ({
    accept: async (message, claim) => {
      await ledger.accept(message, claim);
      await api.redis.hset(`{pombo:c0}:message:${message.id}`, "status", "sending");
      throw lost;
    },
  }));
  expect(await send()).toMatchObject({ status: 202, body: { status: "queued" } });
});

test("an acceptance that Redis refused is 503, and nothing is taken back", async () => {
  let withdrawn = 0;
  const { send } = await setup((ledger) => ({
    accept: () => Promise.reject(new Error("MISCONF Redis can't write")),
    withdraw: (...args) => {
      withdrawn += 1;
      return ledger.withdraw(...args);
    },
  }));
  expect((await send()).status).toBe(503);
  expect(withdrawn).toBe(0);
});

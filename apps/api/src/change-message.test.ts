import type { MessageId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Called, openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const HOUR = 3_600_000;

/** A message, `ago` ms after WhatsApp had it; undefined: it still waits. */
async function setup(ago?: number, content: object = { text: "hello" }) {
  const device = await api.addDevice();
  const body = { from: device, to: "5511999999999", ...content };
  const sent = await api.call("POST", "/v1/messages", { body });
  const id = String(sent.body["message_id"]) as MessageId;
  if (ago !== undefined) {
    const evidence = { messageId: id, proves: "sent", now: Date.now() - ago } as const;
    await api.ledger.recordEvidence(device, evidence);
  }
  const path = `/v1/messages/${id}`;
  const remove = (headers: Record<string, string> = {}): Promise<Called> =>
    api.call("DELETE", path, { headers });
  const edit = (text: string, headers: Record<string, string> = {}): Promise<Called> =>
    api.call("PATCH", path, { body: { text }, headers });
  const react = (message_id: string, more: object = {}): Promise<Called> =>
    api.call("POST", "/v1/messages", {
      body: {
        from: device,
        to: "5511999999999",
        reaction: { message_id, emoji: "👍", ...more },
      },
    });
  return { device, id, path, remove, edit, react };
}

const content = async (id: unknown) => (await api.ledger.findMessage(id as MessageId))?.content;

test("what still waits is canceled in its place: no other message goes out", async () => {
  const t = await setup();
  const removed = await t.remove();
  expect(removed).toMatchObject({
    status: 200,
    body: { message_id: t.id, status: "canceled", applied: "in_place" },
  });
  expect(await t.remove()).toMatchObject({
    status: 404,
    body: { error_code: "MESSAGE_NOT_FOUND", message_id: t.id },
  });
});

test("what still waits is edited in its place", async () => {
  const t = await setup(undefined, { text: "a", mentions: ["5511888888888"] });
  expect(await t.edit("b")).toMatchObject({
    status: 200,
    body: { message_id: t.id, status: "queued", applied: "in_place" },
  });
  expect(await content(t.id)).toEqual({ kind: "text", text: "b", mentions: ["5511888888888"] });
});

test("what has no words can't be edited", async () => {
  const t = await setup(undefined, { location: { latitude: 1, longitude: 2 } });
  expect(await t.edit("b")).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });
});

test("a deletion of what was sent is a message of its own with a target; a second one finds nothing", async () => {
  const t = await setup(HOUR);
  const removed = await t.remove();
  expect(removed).toMatchObject({ status: 202, body: { status: "queued", target_id: t.id } });
  const id = removed.body["message_id"];
  expect(id).not.toBe(t.id);
  expect(await content(id)).toEqual({ kind: "delete", target: { id: t.id, fromMe: true } });
  expect(await api.call("GET", `/v1/messages/${String(id)}`)).toMatchObject({
    body: { kind: "delete", target_id: t.id, chat_jid: "5511999999999@s.whatsapp.net" },
  });
  const gone = { status: 404, body: { error_code: "MESSAGE_NOT_FOUND" } };
  expect(await t.remove()).toMatchObject(gone);
  expect(await t.edit("b")).toMatchObject(gone);
  expect(await t.react(t.id)).toMatchObject(gone);
  // A deletion that was taken back has deleted nothing.
  expect((await api.call("POST", `/v1/messages/${String(id)}/cancel`)).status).toBe(200);
  expect((await t.remove()).status).toBe(202);
});

test("an edit of what was sent is a message of its own, and another may follow", async () => {
  const t = await setup(60_000);
  const edited = await t.edit("b");
  expect(edited).toMatchObject({ status: 202, body: { target_id: t.id } });
  expect(await content(edited.body["message_id"])).toEqual({
    kind: "edit",
    target: { id: t.id, fromMe: true },
    text: "b",
  });
  expect((await t.edit("c")).status).toBe(202);
  const edits = `/v1/messages/${String(edited.body["message_id"])}`;
  expect(await api.call("DELETE", edits)).toMatchObject({ status: 409 });
});

test.each([
  [61 * HOUR, "DELETE", "DELETE_TIME_EXPIRED"],
  [16 * 60_000, "PATCH", "EDIT_TIME_EXPIRED"],
] as const)("%d ms after it was sent, %s answers %s", async (ago, method, code) => {
  const t = await setup(ago);
  const answer = method === "PATCH" ? await t.edit("b") : await t.remove();
  expect(answer).toMatchObject({ status: 400, body: { error_code: code, message_id: t.id } });
});

test("what was never sent can't be changed", async () => {
  const { id, deviceId } = await api.addLetter();
  for (const [method, init] of [
    ["DELETE", {}],
    ["PATCH", { body: { text: "b" } }],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await api.call(method, `/v1/messages/${id}`, init)).toMatchObject({
      status: 409,
      body: { error_code: "CONFLICT" },
    });
  const body = { from: deviceId, to: "5511999999999", reaction: { message_id: id, emoji: "👍" } };
  expect(await api.call("POST", "/v1/messages", { body })).toMatchObject({ status: 409 });
});

test("absent messages and empty ids", async () => {
  const nobody = await api.call("DELETE", "/v1/messages/3EB0000000000000000000");
  expect(nobody).toMatchObject({ status: 404, body: { error_code: "MESSAGE_NOT_FOUND" } });
  const empty = await api.call("DELETE", "/v1/messages/%20");
  expect(empty).toMatchObject({ status: 400, body: { error_code: "MISSING_REQUIRED_FIELDS" } });
  const t = await setup(1);
  expect(await t.edit("")).toMatchObject({ status: 400, body: { error_code: "VALIDATION_ERROR" } });
});

test("under one key there is one change, in its place or as a message", async () => {
  const key = { "idempotency-key": "once" };
  const waiting = await setup();
  const first = await waiting.remove(key);
  const again = await waiting.remove(key);
  expect(again.text).toBe(first.text);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  const sent = await setup(1);
  const one = { "idempotency-key": "twice" };
  const deletion = await sent.remove(one);
  expect((await sent.remove(one)).text).toBe(deletion.text);
  const edit = { "idempotency-key": "thrice" };
  const other = await setup(1);
  expect((await other.edit("b", edit)).status).toBe(202);
  expect(await other.edit("c", edit)).toMatchObject({
    status: 409,
    body: { error_code: "IDEMPOTENCY_KEY_REUSED" },
  });
});

test("a change that was accepted, and whose answer was lost, is joined by its repeat", async () => {
  const t = await setup(1);
  const headers = { "idempotency-key": "lost", prefer: "wait=1" };
  const gone = new AbortController();
  const ask = (signal?: AbortSignal): Promise<Called> =>
    api.call("PATCH", t.path, { body: { text: "b" }, headers, ...(signal && { signal }) });
  const newest = async () => (await api.ledger.listMessages([t.device], { limit: 1 })).messages[0];
  const first = ask(gone.signal);
  await expect.poll(async () => (await newest())?.content.kind).toBe("edit");
  const id = (await newest())?.id;
  gone.abort();
  await expect(first).rejects.toThrow();
  expect(await ask()).toMatchObject({ status: 202, body: { message_id: id, target_id: t.id } });
});

test("a reaction has a target: ours, or by the caller's word one of somebody else", async () => {
  const t = await setup(1);
  const own = await t.react(t.id);
  expect(own).toMatchObject({ status: 202, body: { target_id: t.id } });
  expect(await content(own.body["message_id"])).toEqual({
    kind: "reaction",
    target: { id: t.id, fromMe: true },
    emoji: "👍",
  });
  const theirs = await t.react("ABCDEF", { participant: "+55 11 99999-9999", emoji: "" });
  expect(await content(theirs.body["message_id"])).toEqual({
    kind: "reaction",
    target: { id: "ABCDEF", fromMe: false, author: "5511999999999@s.whatsapp.net" },
    emoji: "",
  });
  // Of another chat.
  const other = await setup(1);
  expect(await other.react(t.id)).toMatchObject({ status: 404 });
});

test("of deletions that are asked for at once only one goes out", async () => {
  const t = await setup(HOUR);
  const answers = await Promise.all(Array.from({ length: 5 }, () => t.remove()));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  for (const { status, body } of answers.filter((answer) => answer.status !== 202))
    expect([status, body["error_code"]]).toEqual(
      status === 404 ? [404, "MESSAGE_NOT_FOUND"] : [409, "CONFLICT"],
    );
});

const DOT =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

test("what is edited in its place keeps the rules of a send: a caption is shorter than a text", async () => {
  const t = await setup(undefined, { image: { base64: DOT, caption: "a" } });
  expect(await t.edit("x".repeat(1_025))).toMatchObject({
    status: 400,
    body: { error_code: "VALIDATION_ERROR", validation: [{ field: "text" }] },
  });
  expect(await t.edit("😀".repeat(1_024))).toMatchObject({ status: 200 });
  expect(await content(t.id)).toMatchObject({ caption: "😀".repeat(1_024) });
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ device_request_wait_ms: 20 });
});
afterAll(() => api[Symbol.asyncDispose]());

async function setup() {
  const device = await api.addDevice();
  const send = async (over: object = {}): Promise<string> => {
    const body = { from: device, to: "5511999999999", text: "hello", ...over };
    return String((await api.call("POST", "/v1/messages", { body })).body["message_id"]);
  };
  const list = async (query: string, key?: string) => {
    const init = key === undefined ? {} : { key };
    const { body } = await api.call("GET", `/v1/messages?device_id=${device}${query}`, init);
    const messages = body["messages"] as readonly { readonly message_id: string }[];
    return { ids: messages.map(({ message_id: id }) => id), next: body["next_cursor"], messages };
  };
  return { device, send, list };
}

test("messages are listed newest first, page by page, without what they say", async () => {
  const t = await setup();
  const ids = [await t.send(), await t.send({ client_ref: "7" }), await t.send()];
  const first = await t.list("&limit=2");
  expect(first.ids).toEqual([ids[2], ids[1]]);
  expect(first.messages[1]).toMatchObject({ kind: "text", status: "queued", client_ref: "7" });
  expect(JSON.stringify(first)).not.toContain("hello");
  const second = await t.list(`&limit=2&cursor=${String(first.next)}`);
  expect(second).toMatchObject({ ids: [ids[0]], next: null });
});

test("the list is filtered by status, reference, recipient and time", async () => {
  const t = await setup();
  const [one, other] = [
    await t.send({ client_ref: "a" }),
    await t.send({ to: "+55 11 88888-8888" }),
  ];
  await api.call("POST", `/v1/messages/${one}/cancel`);
  expect((await t.list("&status=canceled")).ids).toEqual([one]);
  expect((await t.list("&status=queued")).ids).toEqual([other]);
  expect((await t.list("&client_ref=a")).ids).toEqual([one]);
  expect((await t.list(`&to=${encodeURIComponent("+55 (11) 88888-8888")}`)).ids).toEqual([other]);
  const soon = encodeURIComponent(new Date(Date.now() + 60_000).toISOString());
  expect((await t.list(`&since=${soon}`)).ids).toEqual([]);
  expect(api.lines.map((line) => JSON.stringify(line)).join()).not.toContain("88888");
});

test("a list begins at a time, and tells how far it looked and why each message waits", async () => {
  const t = await setup();
  const first = await t.send();
  const { body: shown } = await api.call("GET", `/v1/messages/${first}`);
  const until = String(shown["created_at"]);
  await api.ledger.accept({
    id: "3EB0AAAAAAAAAAAAAAAAAA" as never,
    deviceId: t.device,
    recipient: "5511999999999",
    content: { kind: "text", text: "later" },
    priority: "normal",
    keyId: "key_0",
    at: Date.parse(until) + 60_000,
  });
  const from = await api.call("GET", `/v1/messages?device_id=${t.device}&until=${until}`);
  const waits = { blocked_by: "device_offline", blocked_since: expect.any(String) };
  expect(from.body).toMatchObject({
    messages: [{ message_id: first, batch_id: null, ...waits }],
    reached_at: until,
  });
  const poll = { ids: [first], explain: true };
  const { body } = await api.call("POST", "/v1/messages/status", { body: poll });
  expect(body["messages"]).toMatchObject([{ status: "queued", ...waits }]);
});

test("a message tells its words and what may still be done about it", async () => {
  const t = await setup();
  const id = await t.send();
  const detail = async () => (await api.call("GET", `/v1/messages/${id}`)).body;
  const inPlace = { how: "in_place", until: null, error: null };
  expect(await detail()).toMatchObject({
    text: "hello",
    priority: "normal",
    may_have_left: false,
    waits_for: null,
    changes: { cancel: inPlace, edit: inPlace, delete: inPlace },
  });
  const evidence = { messageId: id as never, proves: "sent", now: Date.now() } as const;
  await api.ledger.recordEvidence(t.device, evidence);
  expect((await detail())["changes"]).toMatchObject({
    cancel: { how: null, error_code: "CONFLICT" },
    edit: { how: "send", until: new Date(evidence.now + 900_000).toISOString() },
    delete: { how: "send" },
  });
});

test("a key sees its devices only; without a device all of them are merged", async () => {
  const [mine, also, other] = [await setup(), await setup(), await setup()];
  const ids = [await mine.send(), await also.send(), await other.send()];
  const devices = [mine.device, also.device];
  const key = api.addKey({ scopes: ["messages:read"], devices });
  const all = await api.call("GET", "/v1/messages", { key });
  expect(all.body["messages"]).toMatchObject([{ message_id: ids[1] }, { message_id: ids[0] }]);
  const foreign = await api.call("GET", `/v1/messages?device_id=${other.device}`, { key });
  expect(foreign).toMatchObject({ status: 404, body: { error_code: "DEVICE_NOT_FOUND" } });
});

test.each([
  ["status=gone", "status"],
  ["since=yesterday", "since"],
  ["cursor=x", "cursor"],
  ["limit=201", "limit"],
  ["to=12", "to"],
  ["text=x", "text"],
])("%s is refused", async (query, field) => {
  const refused = await api.call("GET", `/v1/messages?${query}`);
  expect(refused).toMatchObject({ status: 400, body: { validation: [{ field }] } });
});

test("numbers are answered by what is known; what nobody can look up stays unknown", async () => {
  const t = await setup();
  await api.ledger.rememberRecipient("5511999999991", { lid: "1@lid" });
  await api.ledger.rememberRecipient("5511999999992", undefined);
  const numbers = ["+55 11 99999-9991", "5511999999992", "5511999999993"];
  const body = { device_id: t.device, numbers };
  const checked = await api.call("POST", "/v1/contacts/check", { body });
  expect(checked).toMatchObject({
    status: 200,
    body: {
      contacts: [
        { number: "5511999999991", on_whatsapp: "yes", age_s: 0 },
        { number: "5511999999992", on_whatsapp: "no", age_s: 0 },
        { number: "5511999999993", on_whatsapp: "unknown", age_s: null },
      ],
    },
  });
  const wrong = { device_id: t.device, numbers: ["x"] };
  expect(await api.call("POST", "/v1/contacts/check", { body: wrong })).toMatchObject({
    status: 400,
    body: { validation: [{ field: "numbers.0" }] },
  });
});

test("without an owner nobody knows groups or history", async () => {
  const t = await setup();
  const away = { status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } };
  expect(await api.call("GET", `/v1/devices/${t.device}/groups`)).toMatchObject(away);
  const group = `/v1/groups/120363039000000000@g.us?device_id=${t.device}`;
  expect(await api.call("GET", group)).toMatchObject(away);
  const history = `/v1/devices/${t.device}/history-sync`;
  const chat = { chat: "5511999999999" };
  expect(await api.call("POST", history, { body: chat })).toMatchObject(away);
  const unknown = { ...chat, before: "ABC" };
  expect(await api.call("POST", history, { body: unknown })).toMatchObject({ status: 404 });
  const nobody = `/v1/groups/5511999999999@s.whatsapp.net?device_id=${t.device}`;
  expect(await api.call("GET", nobody)).toMatchObject({
    status: 400,
    body: { error_code: "INVALID_CHAT_JID" },
  });
});

test("a received message can be quoted and reacted to in its chat", async () => {
  const t = await setup();
  const from = "5511999999999";
  const at = Date.now();
  const received = { id: "ABC", chat: from, from, at, kind: "text", text: "how much?" } as const;
  await api.ledger.receive(t.device, received, at);
  const id = await t.send({ quoted: { message_id: "ABC" } });
  const author = `${from}@s.whatsapp.net`;
  const target = { id: "ABC", fromMe: false, author };
  expect((await api.ledger.findMessage(id as never))?.content).toEqual({
    kind: "text",
    text: "hello",
    quoted: { ...target, text: "how much?" },
  });
  const reaction = { text: undefined, reaction: { message_id: "ABC", emoji: "👍" } };
  const reacted = await t.send(reaction);
  expect((await api.ledger.findMessage(reacted as never))?.content).toEqual({
    kind: "reaction",
    target,
    emoji: "👍",
  });
  const body = { from: t.device, to: "5511888888888", text: "x", quoted: { message_id: "ABC" } };
  expect((await api.call("POST", "/v1/messages", { body })).status).toBe(404);
});

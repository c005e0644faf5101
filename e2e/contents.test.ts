import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { type Message, Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
const someone = () => `55119200${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());
beforeEach(() => pombo.control("DELETE", "/admin/faults"));

interface Shown {
  readonly id: string;
  readonly [field: string]: unknown;
}

interface LogEntry {
  readonly kind: string;
  readonly to?: string;
  readonly type?: string;
  readonly id?: string;
}

/** What the phone shows under this id. */
async function shown(phone: string, id: string): Promise<Shown | undefined> {
  const messages = (await pombo.phoneMessages(phone)) as readonly Shown[];
  return messages.find((message) => message.id === id);
}

async function post(body: object): Promise<string> {
  const sent = await pombo.api<{ message_id: string }>("POST", "/v1/messages", {
    from: pombo.ready.device_id,
    ...body,
  });
  expect(sent, JSON.stringify(sent.body)).toMatchObject({ status: 202 });
  return sent.body.message_id;
}

/** Sends, waits until it is read, and tells what the phone shows. */
async function arrive(body: object, phone: string) {
  const id = await post(body);
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
  return { id, shown: await shown(phone, id) };
}

test("every kind of content without files arrives as it was meant", async () => {
  const to = someone();
  const place = { latitude: -23.5, longitude: 46.25, name: "there" };
  const first = await arrive({ to, location: place }, to);
  expect(first.shown).toMatchObject({ type: "location", location: place });
  const person = await arrive({ to, contact: { name: "Ana; B", phone: "+55 11 99999-9999" } }, to);
  expect(person.shown).toMatchObject({ type: "contact", contact: { name: "Ana; B" } });
  const question = { question: "?", options: ["a", "b"] };
  const poll = await arrive({ to, poll: question }, to);
  expect(poll.shown).toMatchObject({ type: "poll", poll: { ...question, selectable_count: 1 } });
  const quote = { quoted: { message_id: first.id }, mentions: ["5511999999999"], typing_ms: 50 };
  const answer = await arrive({ to, text: "@5511999999999 see", ...quote }, to);
  expect(answer.shown).toMatchObject({ quoted: first.id, mentions: ["5511999999999"] });
  const log = await pombo.control<readonly LogEntry[]>("GET", "/admin/log");
  const about = log.filter((entry) => entry.to?.startsWith(to));
  const typing = about.findIndex(({ kind, type }) => kind === "chatstate" && type === "composing");
  expect(typing).toBeGreaterThan(-1);
  expect(about.findIndex(({ kind, id }) => kind === "message" && id === answer.id)).toBeGreaterThan(
    typing,
  );
});

test("a reaction, an edit and a deletion reach the phone, each a message of its own", async () => {
  const to = someone();
  const { id } = await arrive({ to, text: "helo" }, to);
  await arrive({ to, reaction: { message_id: id, emoji: "👍" } }, to);
  const edited = await pombo.api<{ message_id: string }>("PATCH", `/v1/messages/${id}`, {
    text: "hello",
  });
  expect(edited).toMatchObject({ status: 202, body: { target_id: id } });
  await pombo.until(edited.body.message_id, settled);
  expect(await shown(to, id)).toMatchObject({
    text: "hello",
    reactions: { [pombo.ready.phone]: "👍" },
  });
  const removed = await pombo.api("DELETE", `/v1/messages/${id}`, undefined, { prefer: "wait=20" });
  expect(removed).toMatchObject({ status: 200, body: { kind: "delete", target_id: id } });
  const deletion = removed.body["message_id"];
  await eventually(
    () => shown(to, id),
    (message) => message?.["revoked_by"] === deletion,
  );
  expect(await pombo.api("DELETE", `/v1/messages/${id}`)).toMatchObject({ status: 404 });
});

test("a deletion waits for its message, and comes after it", async () => {
  const to = someone();
  await pombo.fault("message", "no_ack", { match: { to } });
  await pombo.control("POST", `/admin/phones/${to}/settings`, {
    delivery_receipts: false,
    read_receipts: false,
  });
  const id = await post({ to, text: "soon gone" });
  await pombo.until(id, ({ status }) => status === "sending" || status === "unknown");
  const removed = await pombo.api<{ message_id: string }>("DELETE", `/v1/messages/${id}`);
  expect(removed).toMatchObject({ status: 202, body: { target_id: id } });
  const deletion = removed.body.message_id;
  const done = await pombo.until(deletion, ({ status }) => status === "sent", 40_000);
  expect(done.attempts).toBe(1);
  expect((await pombo.message(id)).timeline.map(({ status }) => status)).toContain("unknown");
  expect(await shown(to, id)).toMatchObject({ revoked_by: deletion });
});

test.each([
  ["PATCH", { text: "better" }, "EDIT_FAILED"],
  ["DELETE", undefined, "DELETE_FAILED"],
] as const)(
  "what WhatsApp refuses of %s is told under its own name",
  async (method, body, code) => {
    const to = someone();
    const { id } = await arrive({ to, text: "stays" }, to);
    await pombo.fault("message", { nack: 405 }, { match: { to }, times: 20 });
    const path = `/v1/messages/${id}`;
    const changed = await pombo.api<{ message_id: string }>(method, path, body);
    const failed = await pombo.until(changed.body.message_id, settled, 60_000);
    expect(failed).toMatchObject({ status: "failed", last_error: { error_code: code } });
  },
);

test("a group: listed, described, written to, its receipts counted, its messages received", async () => {
  const members = [someone(), someone()];
  const participants = [pombo.ready.phone, ...members];
  const group = await pombo.control<{ id: string }>("POST", "/admin/groups", {
    subject: "friends",
    participants,
  });
  const device = pombo.ready.device_id;
  const listed = await pombo.api("GET", `/v1/devices/${device}/groups`);
  expect(listed).toMatchObject({
    status: 200,
    body: { groups: [{ jid: group.id, subject: "friends", size: 3 }] },
  });
  const one = await pombo.api("GET", `/v1/groups/${group.id}?device_id=${device}`);
  expect(one).toMatchObject({
    body: {
      participants: expect.arrayContaining([
        expect.objectContaining({ phone_number: members[0], role: "member" }),
      ]),
    },
  });
  const id = await post({ to: group.id, text: "all" });
  const counted = await eventually(
    () => pombo.message(id) as Promise<Message & { readonly receipts?: { read: number } | null }>,
    ({ receipts }) => receipts?.read === 2,
  );
  expect(counted).toMatchObject({ status: "read", receipts: { delivered: 2, read: 2 } });
  for (const phone of members)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await shown(phone, id)).toMatchObject({ text: "all" });
  const stranger = await pombo.control<{ id: string }>("POST", "/admin/groups", {
    subject: "others",
    participants: members,
  });
  const refused = await pombo.until(await post({ to: stranger.id, text: "let me in" }), settled);
  expect(refused).toMatchObject({ status: "failed", last_error: { error_code: "SEND_REJECTED" } });
});

test("what somebody writes is an event, and can be quoted", async () => {
  const from = someone();
  const path = `/admin/phones/${from}/messages`;
  const written = await pombo.control<{ id: string }>("POST", path, {
    to: pombo.ready.phone,
    text: "how much?",
  });
  const told = await eventually(
    async () => {
      const { body } = await pombo.api<{ events: readonly Told[] }>("GET", "/v1/events?limit=1000");
      return body.events.find(({ data }) => data.message_id === written.id);
    },
    (found) => found !== undefined,
  );
  expect(told).toMatchObject({
    type: "message.received",
    data: {
      device_id: pombo.ready.device_id,
      chat_jid: `${from}@s.whatsapp.net`,
      from,
      kind: "text",
      text: "how much?",
    },
  });
  const answer = await arrive({ to: from, text: "10", quoted: { message_id: written.id } }, from);
  expect(answer.shown).toMatchObject({ text: "10", quoted: written.id });
});

test("the file of what somebody sent is fetched when it is asked for", async () => {
  const from = someone();
  const bytes = Buffer.concat([PIXEL, randomBytes(50_000)]);
  const image = { base64: bytes.toString("base64"), mime_type: "image/png" };
  const written = await pombo.control<{ id: string }>("POST", `/admin/phones/${from}/messages`, {
    to: pombo.ready.phone,
    image,
  });
  const path = `/v1/messages/${written.id}/media?device_id=${pombo.ready.device_id}`;
  const get = (): Promise<Response> =>
    fetch(pombo.ready.api_url + path, {
      headers: { authorization: `Bearer ${pombo.ready.api_key}` },
    });
  const answer = await eventually(get, ({ status }) => status !== 404);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("image/png");
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  // Kept: it can be sent on.
  const media_id = answer.headers.get("x-media-id");
  expect((await arrive({ to: from, image: { media_id } }, from)).shown).toMatchObject({
    type: "image",
  });
  expect((await get()).status).toBe(200);
});

test("a file that comes damaged is told at once, and can be asked for again", async () => {
  const from = someone();
  const image = { base64: PIXEL.toString("base64"), mime_type: "image/png" };
  await pombo.control("POST", "/admin/faults", { on: "download", action: "garbage" });
  const written = await pombo.control<{ id: string }>("POST", `/admin/phones/${from}/messages`, {
    to: pombo.ready.phone,
    image,
  });
  const path = `/v1/messages/${written.id}/media?device_id=${pombo.ready.device_id}`;
  const get = (): Promise<Response> =>
    fetch(pombo.ready.api_url + path, {
      headers: { authorization: `Bearer ${pombo.ready.api_key}` },
    });
  const answer = await eventually(get, ({ status }) => status !== 404);
  expect([answer.status, await answer.json()]).toMatchObject([
    502,
    { error_code: "UPSTREAM_FAILED" },
  ]);
  expect((await get()).status).toBe(200);
});

test("a file is given under its own type only where that is one", async () => {
  const from = someone();
  const document = {
    base64: Buffer.from("anything").toString("base64"),
    mime_type: "text/ü\r\nX-Evil: 1",
    file_name: "ü\r\n.txt",
  };
  const written = await pombo.control<{ id: string }>("POST", `/admin/phones/${from}/messages`, {
    to: pombo.ready.phone,
    document,
  });
  const path = `/v1/messages/${written.id}/media?device_id=${pombo.ready.device_id}`;
  const get = (): Promise<Response> =>
    fetch(pombo.ready.api_url + path, {
      headers: { authorization: `Bearer ${pombo.ready.api_key}` },
    });
  const answer = await eventually(get, ({ status }) => status !== 404);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/octet-stream");
  expect(await answer.text()).toBe("anything");
});

/** The smallest picture: one pixel. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

interface Told {
  readonly type: string;
  readonly data: { readonly message_id?: string };
}

test("history comes when the phone is asked; a phone that refuses makes the request fail", async () => {
  const from = someone();
  const device = pombo.ready.device_id;
  const write = (text: string) =>
    pombo.control<{ id: string }>("POST", `/admin/phones/${from}/messages`, {
      to: pombo.ready.phone,
      text,
    });
  await write("one");
  await write("two");
  const ask = (): ReturnType<Pombo["api"]> =>
    pombo.api("POST", `/v1/devices/${device}/history-sync`, { chat: from, count: 10 });
  expect(await ask()).toMatchObject({ status: 200, body: { messages: 2 } });
  await pombo.control("POST", "/admin/faults", { on: "history", action: "refuse" });
  expect(await ask()).toMatchObject({ status: 502, body: { error_code: "SYNC_REQUEST_FAILED" } });
});

test("numbers are looked up once, and remembered", async () => {
  const [yes, no] = [someone(), someone()];
  await pombo.control("POST", `/admin/phones/${no}/settings`, { on_whatsapp: false });
  const body = { device_id: pombo.ready.device_id, numbers: [yes, no] };
  expect(await pombo.api("POST", "/v1/contacts/check", body)).toMatchObject({
    status: 200,
    body: {
      contacts: [
        { number: yes, on_whatsapp: "yes" },
        { number: no, on_whatsapp: "no" },
      ],
    },
  });
});

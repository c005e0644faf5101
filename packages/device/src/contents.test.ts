import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { type InboundMessage, type MessageContent, mintMessageId } from "@pombo/domain";
import type { Simulator } from "@pombo/simulator";
import { proto } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";

const OWN = "15550130000";
const FRIEND = "15550130001";
const OTHER = "15550130002";
const LATE = "15550130003";
const PATIENCE = { timeout: 15_000 };
let simulator: Simulator;
let paired: TestDevice;

beforeAll(async () => {
  simulator = await openTestSimulator();
  paired = testDevice(simulator);
  await pair(simulator, paired, OWN);
});
afterAll(async () => {
  await paired.device[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

/** Sends, expects the ack, and tells what the phone shows. */
async function arrive(content: MessageContent, to = FRIEND, phone = to) {
  const id = mintMessageId(randomBytes(9));
  expect(await paired.send(to, content, { id })).toMatchObject({ kind: "acked" });
  const shown = await expect
    .poll(() => simulator.messagesOf(phone).find((message) => message.id === id), PATIENCE)
    .toBeDefined()
    .then(() => simulator.messagesOf(phone).find((message) => message.id === id));
  return { id, shown };
}

test("a place, a person and a poll arrive as they were meant", async () => {
  const place = { latitude: -23.5, longitude: 46.25, name: "there", address: "1 Road" };
  expect((await arrive({ kind: "location", ...place })).shown).toMatchObject({
    type: "location",
    location: place,
  });
  const person = await arrive({ kind: "contact", name: "Ana", phone: OTHER });
  expect(person.shown).toMatchObject({
    type: "contact",
    contact: { name: "Ana", vcard: expect.stringContaining(`waid=${OTHER}:+${OTHER}`) },
  });
  const secret = randomBytes(32).toString("base64");
  const poll = { question: "?", options: ["a", "b", "c"], selectable: 2, secret };
  expect((await arrive({ kind: "poll", ...poll })).shown).toMatchObject({
    type: "poll",
    poll: { question: "?", options: ["a", "b", "c"], selectable_count: 2 },
  });
});

test("a quote and mentions arrive with the text", async () => {
  const first = await arrive({ kind: "text", text: "first" });
  const quoted = { id: first.id, fromMe: true, text: "first" };
  const content = { kind: "text", text: "@1", quoted, mentions: [OTHER] } as const;
  expect((await arrive(content)).shown).toMatchObject({
    text: "@1",
    quoted: first.id,
    mentions: [OTHER],
  });
});

test("a reaction, an edit and a deletion change the message on the phone", async () => {
  const { id } = await arrive({ kind: "text", text: "helo" });
  const target = { id, fromMe: true };
  const shown = () => simulator.messagesOf(FRIEND).find((message) => message.id === id);
  await arrive({ kind: "reaction", target, emoji: "👍" });
  await expect.poll(() => shown()?.reactions, PATIENCE).toEqual({ [OWN]: "👍" });
  await arrive({ kind: "edit", target, text: "hello" });
  await expect.poll(() => shown()?.text, PATIENCE).toBe("hello");
  const deletion = await arrive({ kind: "delete", target });
  await expect.poll(() => shown()?.revoked_by, PATIENCE).toBe(deletion.id);
});

test("what somebody writes is told decrypted, of every kind", async () => {
  const told = (id: string) =>
    paired.told.until(({ received }) => received.find((message) => message.id === id));
  const from = { chat: FRIEND, from: FRIEND };
  const text = await simulator.sendFrom(FRIEND, { to: OWN, text: "oi", mentions: [OTHER] });
  expect(await told(text.id)).toMatchObject({
    ...from,
    kind: "text",
    text: "oi",
    mentions: [OTHER],
    at: expect.any(Number),
    name: "~0001",
  });
  const answer = await simulator.sendFrom(FRIEND, { to: OWN, text: "2", quoted: text.id });
  expect(await told(answer.id)).toMatchObject({ quoted: text.id });
  const reaction = { message_id: text.id, emoji: "👍" };
  const reacted = await simulator.sendFrom(FRIEND, { to: OWN, reaction });
  expect(await told(reacted.id)).toMatchObject({ kind: "reaction", text: "👍", target: text.id });
  const edit = { message_id: text.id, text: "olá" };
  const edited = await simulator.sendFrom(FRIEND, { to: OWN, edit });
  expect(await told(edited.id)).toMatchObject({ kind: "edit", text: "olá", target: text.id });
  const image = { size: 1_000, caption: "look", mime_type: "image/png" };
  const pictured = await simulator.sendFrom(FRIEND, { to: OWN, image });
  expect(await told(pictured.id)).toMatchObject({
    ...from,
    kind: "image",
    text: "look",
    media: { mimeType: "image/png", size: 1_000 },
    source: expect.any(String),
  });
  const location = { latitude: 1, longitude: 2, name: "there" };
  const placed = await simulator.sendFrom(FRIEND, { to: OWN, location });
  expect(await told(placed.id)).toMatchObject({ kind: "location", text: "there" });
  const poll = { question: "?", options: ["a", "b"] };
  const asked = await simulator.sendFrom(FRIEND, { to: OWN, poll });
  expect(await told(asked.id)).toMatchObject({ kind: "poll", poll: { options: ["a", "b"] } });
  const gone = await simulator.sendFrom(FRIEND, { to: OWN, delete: { message_id: text.id } });
  expect(await told(gone.id)).toMatchObject({ kind: "delete", target: text.id });
});

test.each<MessageContent>([
  { kind: "location", latitude: 1, longitude: 2, name: "again" },
  { kind: "contact", name: "again", phone: OTHER },
  {
    kind: "poll",
    question: "again",
    options: ["a", "b"],
    selectable: 1,
    secret: randomBytes(32).toString("base64"),
  },
  { kind: "text", text: "again", quoted: { id: "ABC", fromMe: false, text: "before" } },
])("a phone that asks again for $kind gets it from what the caller remembers", async (content) => {
  simulator.setPhone(LATE, { delays: { delivered: 400 } });
  simulator.addFault({ on: "receipt", match: { to: LATE }, action: "retry" });
  const remembered = vi.spyOn(paired.contents, "get");
  const id = mintMessageId(randomBytes(9));
  expect(await paired.send(LATE, content, { id })).toMatchObject({ kind: "acked" });
  // What Baileys itself remembers ends with its socket.
  await paired.device.reconnect("test");
  await expect.poll(() => remembered.mock.calls.flat(), PATIENCE).toContain(id);
  await paired.told.untilProven(id, "delivered");
  const shown = simulator.messagesOf(LATE).find((message) => message.id === id);
  expect(shown).toMatchObject({ type: content.kind });
  expect(JSON.stringify(shown)).toContain("again");
});

async function pictureFrom(base64: string): Promise<InboundMessage> {
  const image = { base64, mime_type: "image/png" };
  const { id } = await simulator.sendFrom(FRIEND, { to: OWN, image });
  return paired.told.until(({ received }) => received.find((message) => message.id === id));
}

test("the file of what came in is fetched, unsealed, and refused when it is another one", async () => {
  const bytes = randomBytes(70_001);
  const { source = "" } = await pictureFrom(bytes.toString("base64"));
  const signal = AbortSignal.timeout(15_000);
  const opened = await paired.device.download(source, signal);
  if (opened.kind === "failed") throw new Error(opened.failure.detail);
  expect((await buffer(opened.bytes)).equals(bytes)).toBe(true);
  const forged = proto.Message.decode(Buffer.from(source, "base64"));
  forged.imageMessage = { ...forged.imageMessage, mediaKey: randomBytes(32) };
  const other = Buffer.from(proto.Message.encode(forged).finish()).toString("base64");
  const sealed = await paired.device.download(other, signal);
  if (sealed.kind === "failed") throw new Error(sealed.failure.detail);
  await expect(buffer(sealed.bytes)).rejects.toThrow();
  expect(await paired.device.download("", signal)).toMatchObject({
    kind: "failed",
    failure: { code: "MEDIA_UNACCEPTABLE" },
  });
});

test("a group gets messages from one question, and again when it has changed", async () => {
  const { id: jid } = simulator.createGroup({ subject: "friends", participants: [OWN, FRIEND] });
  const { shown } = await arrive({ kind: "text", text: "all" }, jid, FRIEND);
  expect(shown).toMatchObject({ from: OWN, to: jid, text: "all" });
  const asked = () => simulator.log().entries.filter(({ kind }) => kind === "iq").length;
  const before = asked();
  await arrive({ kind: "text", text: "again" }, jid, FRIEND);
  expect(asked()).toBe(before);
  simulator.changeMembers(jid, { change: "add", participants: [OTHER] });
  await expect
    .poll(async () => {
      await arrive({ kind: "text", text: "you too" }, jid, FRIEND);
      return simulator.messagesOf(OTHER).map(({ text }) => text);
    }, PATIENCE)
    .toContain("you too");
  const found = await paired.device.groups();
  expect(found).toMatchObject({
    kind: "groups",
    groups: [{ jid, subject: "friends", size: 3, announce: false }],
  });
  expect(await paired.device.group(jid)).toMatchObject({
    kind: "group",
    group: {
      members: expect.arrayContaining([
        expect.objectContaining({ phone: OWN, role: "owner" }),
        expect.objectContaining({ phone: OTHER, role: "member" }),
      ]),
    },
  });
  const written = await simulator.sendFrom(FRIEND, { to: jid, text: "hi all" });
  const told = await paired.told.until(({ received }) =>
    received.find((message) => message.id === written.id),
  );
  expect(told).toMatchObject({ chat: jid, from: FRIEND, kind: "text", text: "hi all" });
  expect(told.author).toMatch(/^[0-9]+@lid$/);
  const target = { id: told.id, fromMe: false, author: told.author ?? "" };
  await arrive({ kind: "reaction", target, emoji: "👍" }, jid, FRIEND);
  const reacted = () => simulator.sentBy(FRIEND).find((message) => message.id === told.id);
  await expect.poll(() => reacted()?.reactions, PATIENCE).toEqual({ [OWN]: "👍" });
});

test("a group that we are not in refuses us", async () => {
  const { id: jid } = simulator.createGroup({ subject: "others", participants: [FRIEND, OTHER] });
  const refused = { kind: "failed", failure: { code: "SEND_REJECTED" } };
  expect(await paired.device.group(jid)).toMatchObject(refused);
  const id = mintMessageId(randomBytes(9));
  const sent = await paired.send(jid, { kind: "text", text: "let me in" }, { id });
  expect(sent).toMatchObject(refused);
});

import { randomBytes } from "node:crypto";
import type { AnyMessageContent, proto } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lidJid, pnJid } from "./jid.ts";
import type { Letter } from "./letter.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import { pairedClient, type TestClient } from "./test-client.ts";

/** Every kind of content, from an unmodified Baileys socket to a phone and back. */
const alice = "15550040001";
const carol = "15550040002";
const carolJid = pnJid(carol);
const newId = (): string => `3EB0${randomBytes(9).toString("hex").toUpperCase()}`;

let simulator: Simulator;
let a: TestClient;

beforeAll(async () => {
  simulator = await openSimulator();
  a = await pairedClient(simulator, alice);
});

afterAll(async () => {
  await a[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

async function shown(content: AnyMessageContent, options: object = {}) {
  const id = newId();
  await a.sock.sendMessage(carolJid, content, { messageId: id, ...options });
  await simulator.waitFor(
    (entry) => entry.kind === "shown" && entry.id === id && entry.device === carol,
  );
  return simulator.messagesOf(carol).find((message) => message.id === id);
}

const vcard = "BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nTEL;waid=15550040009:+15550040009\nEND:VCARD";

describe("a phone shows", () => {
  test.each<[string, AnyMessageContent, object]>([
    [
      "location",
      { location: { degreesLatitude: 1.5, degreesLongitude: -2.5, name: "Here" } },
      { location: { latitude: 1.5, longitude: -2.5, name: "Here" } },
    ],
    [
      "contact",
      { contacts: { displayName: "Ann", contacts: [{ displayName: "Ann", vcard }] } },
      { contact: { name: "Ann", vcard } },
    ],
    [
      "poll",
      { poll: { name: "Tea?", values: ["yes", "no"], selectableCount: 1 } },
      { poll: { question: "Tea?", options: ["yes", "no"], selectable_count: 1 } },
    ],
  ])("a %s with its parts", async (type, content, parts) => {
    expect(await shown(content)).toMatchObject({ type, ...parts });
  });

  test("what a text quotes and whom it mentions", async () => {
    const { id } = await simulator.sendFrom(carol, { to: alice, text: "question" });
    const quoted = await a.message(id);
    const content = { text: "answer @15550040003", mentions: [pnJid("15550040003")] };
    expect(await shown(content, { quoted })).toMatchObject({
      type: "text",
      quoted: id,
      mentions: ["15550040003"],
    });
  });

  test("an edit and a reaction on the message they are about, and takes a reaction back", async () => {
    const message = await shown({ text: "frist" });
    const key = { remoteJid: carolJid, fromMe: true, id: message?.id ?? "" };
    const now = () => simulator.messagesOf(carol).find(({ id }) => id === message?.id);
    await shown({ text: "first", edit: key });
    await shown({ react: { text: "🎉", key } });
    expect(now()).toMatchObject({
      text: "first",
      edits: [{ text: "frist" }],
      reactions: { [alice]: "🎉" },
    });
    await shown({ react: { text: "", key } });
    expect(now()?.reactions).toEqual({});
  });
});

test("that a companion types, records and stops is in the log", async () => {
  for (const state of ["composing", "recording", "paused"] as const) {
    // eslint-disable-next-line no-await-in-loop -- in order
    await a.sock.sendPresenceUpdate(state, carolJid);
    // eslint-disable-next-line no-await-in-loop
    await simulator.waitFor(
      ({ kind, to, type }) => kind === "chatstate" && to === carolJid && type === state,
    );
  }
});

const kinds: [string, Omit<Letter, "to">, (message: proto.IMessage) => unknown][] = [
  [
    "location",
    { location: { latitude: 3, longitude: 4, name: "There" } },
    ({ locationMessage }) => locationMessage?.name,
  ],
  [
    "contact",
    { contact: { name: "There", phone: "+1 555 004 0009" } },
    ({ contactMessage }) => contactMessage?.displayName,
  ],
  [
    "poll",
    { poll: { question: "There", options: ["a", "b"] } },
    ({ pollCreationMessageV3 }) => pollCreationMessageV3?.name,
  ],
  [
    "text that mentions",
    { text: "There", mentions: [alice] },
    ({ extendedTextMessage }) =>
      extendedTextMessage?.contextInfo?.mentionedJid?.[0] === pnJid(alice) &&
      extendedTextMessage.text,
  ],
];

describe("a companion gets from a phone", () => {
  test.each(kinds)("a %s", async (_, letter, read) => {
    const { id } = await simulator.sendFrom(carol, { to: alice, ...letter });
    const { message } = await a.message(id);
    expect(read(message ?? {})).toBe("There");
  });

  test("a text under the phone's LID, with the number beside it, and confirms it there", async () => {
    const dave = "15550040005";
    simulator.setPhone(dave, { lid_addressed: true });
    const { id } = await simulator.sendFrom(dave, { to: alice, text: "who?" });
    const { key, message } = await a.message(id);
    expect(message?.conversation).toBe("who?");
    expect(key).toMatchObject({ remoteJid: lidJid(dave), remoteJidAlt: pnJid(dave) });
    await simulator.waitFor(
      (entry) => entry.kind === "receipt_in" && entry.id === id && entry.to === lidJid(dave),
    );
  });

  test("a quote, a reaction, an edit and a revoke, by the ids of what they are about", async () => {
    const own = newId();
    await a.send(carolJid, "mine", own);
    const answer = await simulator.sendFrom(carol, { to: alice, text: "re", quoted: own });
    const quoting = (await a.message(answer.id)).message?.extendedTextMessage?.contextInfo;
    expect(quoting).toMatchObject({ stanzaId: own, participant: pnJid(alice) });

    const reaction = await simulator.sendFrom(carol, {
      to: alice,
      reaction: { message_id: own, emoji: "👍" },
    });
    const reacted = (await a.message(reaction.id)).message?.reactionMessage;
    expect(reacted).toMatchObject({ text: "👍", key: { id: own } });

    const edit = await simulator.sendFrom(carol, {
      to: alice,
      edit: { message_id: answer.id, text: "better" },
    });
    const edited = (await a.message(edit.id)).message?.protocolMessage;
    expect(edited?.key?.id).toBe(answer.id);
    expect(edited?.editedMessage?.conversation).toBe("better");

    const revoke = await simulator.sendFrom(carol, {
      to: alice,
      delete: { message_id: answer.id },
    });
    const revoked = (await a.message(revoke.id)).message?.protocolMessage;
    expect(revoked?.key?.id).toBe(answer.id);
    const atAlice = simulator.messagesOf(alice).find(({ id }) => id === answer.id);
    expect(atAlice).toMatchObject({ text: "", revoked_by: revoke.id });
  });
});

describe("faults by kind of message", () => {
  test("edits and revokes are refused, texts are not", async () => {
    simulator.addFault({ on: "message", match: { kind: "revoke" }, action: { nack: 403 } });
    simulator.addFault({ on: "message", match: { kind: "edit" }, action: { nack: 400 } });
    const id = newId();
    expect((await a.send(carolJid, "stays", id)).attrs["error"]).toBeUndefined();
    const key = { remoteJid: carolJid, fromMe: true, id };
    const [edit, revoke] = [newId(), newId()];
    await a.sock.sendMessage(carolJid, { text: "changed", edit: key }, { messageId: edit });
    await a.sock.sendMessage(carolJid, { delete: key }, { messageId: revoke });
    const errorOf = async (of: string) =>
      (await a.stanza(({ tag, attrs }) => tag === "ack" && attrs["id"] === of)).attrs["error"];
    expect(await errorOf(edit)).toBe("400");
    expect(await errorOf(revoke)).toBe("403");
    expect(simulator.messagesOf(carol).find((message) => message.id === id)?.text).toBe("stays");
  });

  test("an unknown kind is refused with the list of those there are", () => {
    expect(() =>
      simulator.addFault({ on: "message", match: { kind: "song" }, action: "drop" }),
    ).toThrow("match.kind must be one of: text, media");
  });
});

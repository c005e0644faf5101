import type { MessageContent } from "@pombo/domain";
import { proto } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import type { MediaId } from "@pombo/domain";
import { stanzaOf, toProto } from "./outgoing-content.ts";

const CHAT = { jid: "5511999999999@s.whatsapp.net", me: "15550100000:3@s.whatsapp.net" };
const GROUP = { ...CHAT, jid: "120363039000000000@g.us" };
const own = { id: "3EB0A1", fromMe: true };
const theirs = { id: "ABC", fromMe: false, author: "5511999999999@s.whatsapp.net" };
const target = { remoteJid: CHAT.jid, fromMe: true, id: own.id };

/** As it is on the wire and back. */
function sent(content: MessageContent, chat = CHAT): Record<string, unknown> {
  const bytes = proto.Message.encode(toProto(content, chat)).finish();
  return proto.Message.toObject(proto.Message.decode(bytes), { enums: String });
}

const CASES: readonly (readonly [content: MessageContent, message: object])[] = [
  [{ kind: "text", text: "olá" }, { extendedTextMessage: { text: "olá" } }],
  [
    { kind: "location", latitude: -23.5, longitude: 46.6, name: "there", address: "1 Road" },
    {
      locationMessage: {
        degreesLatitude: -23.5,
        degreesLongitude: 46.6,
        name: "there",
        address: "1 Road",
      },
    },
  ],
  [
    {
      kind: "poll",
      question: "?",
      options: ["a", "b"],
      selectable: 1,
      secret: Buffer.alloc(32, 1).toString("base64"),
    },
    {
      messageContextInfo: { messageSecret: Buffer.alloc(32, 1) },
      pollCreationMessageV3: {
        name: "?",
        options: [{ optionName: "a" }, { optionName: "b" }],
        selectableOptionsCount: 1,
      },
    },
  ],
  [
    { kind: "reaction", target: own, emoji: "👍" },
    { reactionMessage: { key: target, text: "👍" } },
  ],
  [
    { kind: "edit", target: own, text: "better" },
    {
      protocolMessage: {
        key: target,
        type: "MESSAGE_EDIT",
        editedMessage: { extendedTextMessage: { text: "better" } },
      },
    },
  ],
  [{ kind: "delete", target: own }, { protocolMessage: { key: target, type: "REVOKE" } }],
];

test.each(CASES)("%j is what WhatsApp knows it as", (content, message) => {
  expect(sent(content)).toMatchObject(message);
});

test("a contact is a vCard whose fields can't be broken out of", () => {
  const { contactMessage } = sent({
    kind: "contact",
    name: "Ana; Souza\nEND:VCARD",
    phone: "5511999999999",
    organization: "Pombo, Ltd",
  });
  expect(contactMessage).toEqual({
    displayName: "Ana; Souza\nEND:VCARD",
    vcard: [
      "BEGIN:VCARD",
      "VERSION:3.0",
      "N:;Ana\\; Souza\\nEND:VCARD;;;",
      "FN:Ana\\; Souza\\nEND:VCARD",
      "ORG:Pombo\\, Ltd;",
      "TEL;type=CELL;type=VOICE;waid=5511999999999:+5511999999999",
      "END:VCARD",
    ].join("\n"),
  });
});

test("a quote names the message, its author and its words; mentions name people", () => {
  const quoted = { ...theirs, text: "how much?" };
  const answer = { kind: "text", text: "10", quoted, mentions: ["5511888888888"] } as const;
  expect(sent(answer)).toMatchObject({
    extendedTextMessage: {
      contextInfo: {
        stanzaId: "ABC",
        participant: "5511999999999@s.whatsapp.net",
        quotedMessage: { conversation: "how much?" },
        mentionedJid: ["5511888888888@s.whatsapp.net"],
      },
    },
  });
  expect(sent({ kind: "text", text: "10", quoted: own })).toMatchObject({
    extendedTextMessage: { contextInfo: { participant: "15550100000@s.whatsapp.net" } },
  });
});

test("in a group the message of somebody else is named with its author", () => {
  expect(sent({ kind: "reaction", target: theirs, emoji: "" }, GROUP)).toMatchObject({
    reactionMessage: {
      key: { remoteJid: GROUP.jid, fromMe: false, id: "ABC", participant: theirs.author },
      text: "",
    },
  });
});

test("the stanza says that it edits, deletes, or asks a poll", () => {
  expect(stanzaOf({ kind: "edit", target: own, text: "x" }, CHAT).attributes).toEqual({
    edit: "1",
  });
  expect(stanzaOf({ kind: "delete", target: own }, CHAT).attributes).toEqual({ edit: "7" });
  expect(stanzaOf({ kind: "delete", target: theirs }, GROUP).attributes).toEqual({ edit: "8" });
  expect(stanzaOf({ kind: "text", text: "x" }, CHAT)).toEqual({ attributes: {}, nodes: [] });
});

const UPLOADED = {
  url: "https://x/y",
  directPath: "/y",
  mediaKey: "AAEC",
  fileEncSha256: "AwQF",
  fileSha256: "BgcI",
  fileLength: 9,
  mediaKeyTimestamp: 1_700_000_000,
  mimeType: "image/png",
};
const FILE = { kind: "image", media: { id: "med_0123456789abcdef" as MediaId } } as const;

test("a file that was not uploaded can't be sent", () => {
  expect(() => toProto(FILE, CHAT)).toThrow("has not been uploaded");
});

test("a file leads to what was uploaded, and shows what its kind shows", () => {
  const file = {
    url: "https://x/y",
    directPath: "/y",
    mediaKey: Buffer.from([0, 1, 2]),
    fileEncSha256: Buffer.from([3, 4, 5]),
    fileSha256: Buffer.from([6, 7, 8]),
    fileLength: 9,
    mediaKeyTimestamp: 1_700_000_000,
    mimetype: "image/png",
  };
  const uploaded = { ...UPLOADED, width: 3, height: 2, seconds: 5, thumbnail: "CQ==" };
  const jpegThumbnail = Buffer.from([9]);
  const full = { ...FILE, caption: "look", fileName: "a.bin", ptt: true, uploaded };
  expect(toProto({ ...FILE, uploaded: UPLOADED }, CHAT)).toEqual({ imageMessage: file });
  expect(toProto({ ...full, kind: "image" }, CHAT)).toEqual({
    imageMessage: { ...file, caption: "look", width: 3, height: 2, jpegThumbnail },
  });
  expect(toProto({ ...full, kind: "video" }, CHAT)).toEqual({
    videoMessage: { ...file, caption: "look", width: 3, height: 2, seconds: 5, jpegThumbnail },
  });
  expect(toProto({ ...full, kind: "audio" }, CHAT)).toEqual({
    audioMessage: { ...file, seconds: 5, ptt: true },
  });
  expect(toProto({ ...full, kind: "document" }, CHAT)).toEqual({
    documentMessage: { ...file, caption: "look", fileName: "a.bin", title: "a.bin" },
  });
  expect(toProto({ ...full, kind: "sticker" }, CHAT)).toEqual({
    stickerMessage: { ...file, width: 3, height: 2 },
  });
});

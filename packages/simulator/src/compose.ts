import { randomBytes } from "node:crypto";
import { proto } from "@whiskeysockets/baileys";
import { BadRequest } from "./bad-request.ts";
import { isGroupJid } from "./group-jid.ts";
import { formatJid, parseNumber, pnJid, type Space } from "./jid.ts";
import { mediaKinds, type Letter, type LetterMedia, type LetterMediaKind } from "./letter.ts";
import { uploadFromPhone } from "./letter-media.ts";
import { messageOf } from "./plaintext.ts";
import type { KeptMessage } from "./phones.ts";
import type { Realm } from "./realm.ts";

/** A letter as the phone encodes it, and what the stanza around it says. */
export interface Composed {
  readonly message: proto.IMessage;
  readonly type: "text" | "media" | "reaction" | "poll";
  /** Of the stanza: 1 = edit, 7 = revoke. */
  readonly edit?: string;
}

export interface Writing {
  /** Digits of who writes. */
  readonly author: string;
  readonly letter: Letter;
  /** In which space accounts are named in this chat. */
  readonly space: Space;
}

const { Type } = proto.Message.ProtocolMessage;

export async function compose(realm: Realm, writing: Writing): Promise<Composed> {
  const { letter } = writing;
  const contextInfo = contextOf(realm, writing);
  for (const kind of mediaKinds) {
    const media = letter[kind];
    if (media === undefined) continue;
    // eslint-disable-next-line no-await-in-loop -- a letter has one content
    const part = { ...(await uploadFromPhone(realm, kind, media)), ...describe(kind, media) };
    return {
      message: { [`${kind}Message`]: { ...part, ...(contextInfo && { contextInfo }) } },
      type: "media",
    };
  }
  return aboutMessage(realm, writing) ?? plain(letter, contextInfo);
}

const mimeTypes = {
  image: "image/jpeg",
  video: "video/mp4",
  audio: "audio/ogg; codecs=opus",
  document: "application/pdf",
  sticker: "image/webp",
} as const;

function describe(kind: LetterMediaKind, media: LetterMedia): object {
  const { caption, file_name: fileName, ptt, mime_type: mimetype = mimeTypes[kind] } = media;
  return {
    mimetype,
    ...(caption !== undefined && { caption }),
    ...(fileName !== undefined && { fileName }),
    ...(ptt !== undefined && { ptt }),
  };
}

function plain(letter: Letter, contextInfo: proto.IContextInfo | undefined): Composed {
  const { text = "", location, contact, poll } = letter;
  const context = contextInfo && { contextInfo };
  if (location !== undefined) {
    const { latitude: degreesLatitude, longitude: degreesLongitude, ...rest } = location;
    const locationMessage = { degreesLatitude, degreesLongitude, ...rest, ...context };
    return { type: "media", message: { locationMessage } };
  }
  if (contact !== undefined) {
    const contactMessage = { displayName: contact.name, vcard: vcardOf(contact), ...context };
    return { type: "media", message: { contactMessage } };
  }
  if (poll !== undefined) {
    const pollCreationMessageV3 = {
      name: poll.question,
      options: poll.options.map((optionName) => ({ optionName })),
      selectableOptionsCount: poll.selectable_count ?? 1,
      ...context,
    };
    const messageContextInfo = { messageSecret: randomBytes(32) };
    return { type: "poll", message: { messageContextInfo, pollCreationMessageV3 } };
  }
  const message = context ? { extendedTextMessage: { text, ...context } } : { conversation: text };
  return { type: "text", message };
}

function vcardOf({ name, phone }: { name: string; phone: string }): string {
  const digits = parseNumber(phone) ?? phone;
  return [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `FN:${name}`,
    `TEL;type=CELL;waid=${digits}:+${digits}`,
    "END:VCARD",
  ].join("\n");
}

/** Reactions, edits and revokes name the message they are about by its key, as the writer sees it. */
function aboutMessage(realm: Realm, writing: Writing): Composed | undefined {
  const { reaction, edit, delete: revoke } = writing.letter;
  if (reaction !== undefined) {
    const key = keyOf(realm, writing, reaction.message_id);
    const reactionMessage = { key, text: reaction.emoji, senderTimestampMs: Date.now() };
    return { type: "reaction", message: { reactionMessage } };
  }
  if (edit !== undefined) {
    const protocolMessage = {
      type: Type.MESSAGE_EDIT,
      key: keyOf(realm, writing, edit.message_id),
      editedMessage: { conversation: edit.text },
      timestampMs: Date.now(),
    };
    return { type: "text", edit: "1", message: { protocolMessage } };
  }
  if (revoke === undefined) return undefined;
  const protocolMessage = { type: Type.REVOKE, key: keyOf(realm, writing, revoke.message_id) };
  return { type: "text", edit: "7", message: { protocolMessage } };
}

function keyOf(realm: Realm, writing: Writing, id: string): proto.IMessageKey {
  const { author, letter, space } = writing;
  const { from } = known(realm, writing, id).message;
  const fromMe = from === author;
  if (!isGroupJid(letter.to)) return { remoteJid: pnJid(letter.to), fromMe, id };
  const participant = formatJid({ number: from, device: 0, space });
  return { remoteJid: letter.to, fromMe, id, participant };
}

/** The message as the writer's phone has it, or, if the writer wrote it, the recipient's. */
function known(realm: Realm, { author, letter }: Writing, id: string): KeptMessage {
  const found = realm.phones.find(author, id) ?? realm.phones.find(letter.to, id);
  if (found === undefined) throw new BadRequest("the phone has no message with this id", 404);
  return found;
}

function contextOf(realm: Realm, writing: Writing): proto.IContextInfo | undefined {
  const { letter, space } = writing;
  const { quoted, mentions } = letter;
  if (quoted === undefined && mentions === undefined) return undefined;
  const jidOf = (number: string): string => formatJid({ number, device: 0, space });
  const context: proto.IContextInfo = {};
  if (mentions !== undefined)
    context.mentionedJid = mentions.map((text) => jidOf(parseNumber(text) ?? text));
  if (quoted !== undefined) {
    const kept = known(realm, writing, quoted);
    context.stanzaId = quoted;
    context.participant = jidOf(kept.message.from);
    context.quotedMessage = messageOf(kept);
  }
  return context;
}

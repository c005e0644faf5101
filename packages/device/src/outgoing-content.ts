import { isMedia, type MessageContent, type Target } from "@pombo/domain";
import { jidNormalizedUser, proto } from "@whiskeysockets/baileys";
import { mediaProto, type UploadedMedia } from "./media-proto.ts";

/** What a message says. A file is a `media` kind whose bytes WhatsApp has already: `uploaded` is what its recipients need. */
export type OutgoingContent = MessageContent | UploadedMedia;

/** A message that was sent before, and the chat that it was sent to. */
export interface SentBefore {
  readonly content: OutgoingContent;
  readonly jid: string;
}

/** The chat that a message goes to, and who we are in it. */
export interface Chat {
  readonly jid: string;
  readonly me: string;
}

/** A message as WhatsApp wants it: the same for every attempt, and for a recipient that asks for it again. */
export function toProto(content: OutgoingContent, chat: Chat): proto.IMessage {
  const message = plainProto(content, chat);
  const context = contextOf(content, chat);
  if (context === undefined) return message;
  const [field] = Object.keys(message).filter((name) => name !== "messageContextInfo");
  const inner = message[field as keyof proto.IMessage] as { contextInfo?: proto.IContextInfo };
  inner.contextInfo = { ...inner.contextInfo, ...context };
  return message;
}

/** What the stanza says beside the encrypted message. */
export function stanzaOf(content: OutgoingContent, { jid }: Chat) {
  const attributes: Record<string, string> = {};
  if (content.kind === "edit") attributes["edit"] = "1";
  // An admin deletes what somebody else wrote to the group.
  if (content.kind === "delete")
    attributes["edit"] = jid.endsWith("@g.us") && !content.target.fromMe ? "8" : "7";
  const nodes = content.kind === "poll" ? [{ tag: "meta", attrs: { polltype: "creation" } }] : [];
  return { attributes, nodes };
}

function plainProto(content: OutgoingContent, chat: Chat): proto.IMessage {
  if (isMedia(content)) return mediaProto(content);
  switch (content.kind) {
    case "text":
      return { extendedTextMessage: { text: content.text } };
    case "location":
      return {
        locationMessage: {
          degreesLatitude: content.latitude,
          degreesLongitude: content.longitude,
          ...(content.name === undefined ? {} : { name: content.name }),
          ...(content.address === undefined ? {} : { address: content.address }),
        },
      };
    case "contact":
      return { contactMessage: { displayName: content.name, vcard: vcardOf(content) } };
    case "poll":
      return pollProto(content);
    case "reaction":
      return {
        reactionMessage: { key: keyOf(content.target, chat), text: content.emoji },
      };
    case "edit":
      return {
        protocolMessage: {
          key: keyOf(content.target, chat),
          type: Type.MESSAGE_EDIT,
          editedMessage: { extendedTextMessage: { text: content.text } },
        },
      };
    case "delete":
      return { protocolMessage: { key: keyOf(content.target, chat), type: Type.REVOKE } };
  }
}

const { Type } = proto.Message.ProtocolMessage;

function pollProto(poll: Extract<MessageContent, { kind: "poll" }>): proto.IMessage {
  const creation = {
    name: poll.question,
    selectableOptionsCount: poll.selectable,
    options: poll.options.map((optionName) => ({ optionName })),
  };
  const messageContextInfo = { messageSecret: Buffer.from(poll.secret, "base64") };
  return poll.selectable === 1
    ? { messageContextInfo, pollCreationMessageV3: creation }
    : { messageContextInfo, pollCreationMessage: creation };
}

/** vCard 3.0, as WhatsApp's own clients write it; `waid` makes it a tappable WhatsApp contact. */
function vcardOf({ name, phone, organization }: Extract<MessageContent, { kind: "contact" }>) {
  return [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `N:;${escaped(name)};;;`,
    `FN:${escaped(name)}`,
    ...(organization === undefined ? [] : [`ORG:${escaped(organization)};`]),
    `TEL;type=CELL;type=VOICE;waid=${phone}:+${phone}`,
    "END:VCARD",
  ].join("\n");
}

function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll(/\r\n|\r|\n/g, "\\n")
    .replaceAll(";", "\\;")
    .replaceAll(",", "\\,");
}

function keyOf({ id, fromMe, author }: Target, { jid }: Chat): proto.IMessageKey {
  const group = jid.endsWith("@g.us");
  return {
    remoteJid: jid,
    fromMe,
    id,
    ...(group && !fromMe && author !== undefined ? { participant: author } : {}),
  };
}

function contextOf(content: OutgoingContent, chat: Chat): proto.IContextInfo | undefined {
  const { quoted, mentions } = {
    quoted: undefined,
    mentions: undefined,
    ...("quoted" in content ? { quoted: content.quoted } : {}),
    ...("mentions" in content ? { mentions: content.mentions } : {}),
  };
  if (quoted === undefined && mentions === undefined) return undefined;
  return {
    ...(mentions === undefined
      ? {}
      : { mentionedJid: mentions.map((digits) => `${digits}@s.whatsapp.net`) }),
    ...(quoted === undefined
      ? {}
      : {
          stanzaId: quoted.id,
          participant: quoted.fromMe
            ? jidNormalizedUser(chat.me)
            : (quoted.author ?? jidNormalizedUser(chat.jid)),
          quotedMessage: { conversation: quoted.text ?? "" },
        }),
  };
}

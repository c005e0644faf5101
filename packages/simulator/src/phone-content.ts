import { proto } from "@whiskeysockets/baileys";
import { parseJid } from "./jid.ts";
import { mediaOf } from "./phone-media.ts";
import type { MessageType, PhoneContent } from "./phone-message.ts";

const { Type } = proto.Message.ProtocolMessage;

/** Undefined when the message carries nothing a person would see (key distribution, sync). */
export function contentOf(wrapped: proto.IMessage): PhoneContent | undefined {
  const message = unwrap(wrapped);
  for (const read of readers) {
    const content = read(message);
    if (content !== undefined) return { ...content, ...contextOf(message) };
  }
  return hasOnlyKeys(message) ? undefined : { type: "other", text: "" };
}

type Reader = (message: proto.IMessage) => PhoneContent | undefined;

const mediaFields = {
  imageMessage: "image",
  videoMessage: "video",
  audioMessage: "audio",
  documentMessage: "document",
  stickerMessage: "sticker",
} as const satisfies Partial<Record<keyof proto.IMessage, MessageType>>;

const readers: readonly Reader[] = [
  ({ conversation, extendedTextMessage }) => {
    const text = conversation || extendedTextMessage?.text;
    return text ? { type: "text", text } : undefined;
  },
  ({ reactionMessage }) =>
    reactionMessage
      ? { type: "reaction", text: reactionMessage.text ?? "", ...targetOf(reactionMessage.key) }
      : undefined,
  ({ protocolMessage }) => {
    if (protocolMessage?.type === Type.REVOKE)
      return { type: "revoke", text: "", ...targetOf(protocolMessage.key) };
    if (protocolMessage?.type !== Type.MESSAGE_EDIT) return undefined;
    return {
      type: "edit",
      text: contentOf(protocolMessage.editedMessage ?? {})?.text ?? "",
      ...targetOf(protocolMessage.key),
    };
  },
  (message) => {
    for (const [field, type] of Object.entries(mediaFields)) {
      const found = message[field as keyof typeof mediaFields];
      if (!found) continue;
      const text = "caption" in found ? (found.caption ?? "") : "";
      return { type, text, media: mediaOf(type, found) };
    }
    return undefined;
  },
  readLocation,
  readContact,
  readPoll,
];

function readLocation({ locationMessage: found }: proto.IMessage): PhoneContent | undefined {
  if (!found) return undefined;
  const location = {
    latitude: found.degreesLatitude ?? 0,
    longitude: found.degreesLongitude ?? 0,
    ...(found.name && { name: found.name }),
    ...(found.address && { address: found.address }),
  };
  return { type: "location", text: found.name ?? "", location };
}

function readContact({ contactMessage, contactsArrayMessage }: proto.IMessage) {
  const found = contactMessage ?? contactsArrayMessage?.contacts?.[0];
  if (!found) return undefined;
  const name = found.displayName ?? "";
  return { type: "contact", text: name, contact: { name, vcard: found.vcard ?? "" } } as const;
}

function readPoll(message: proto.IMessage): PhoneContent | undefined {
  const found =
    message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;
  if (!found) return undefined;
  const question = found.name ?? "";
  const options = (found.options ?? []).map(({ optionName }) => optionName ?? "");
  const poll = { question, options, selectable_count: found.selectableOptionsCount ?? 0 };
  return { type: "poll", text: question, poll };
}

/** What a message quotes and whom it mentions, whatever its kind. */
function contextOf(message: proto.IMessage): Pick<PhoneContent, "quoted" | "mentions"> {
  const context = Object.values(message)
    .map((part) => (part as { contextInfo?: proto.IContextInfo } | null | undefined)?.contextInfo)
    .find((found) => found !== null && found !== undefined);
  const mentions = (context?.mentionedJid ?? []).map((jid) => parseJid(jid)?.number ?? jid);
  return {
    ...(context?.stanzaId && { quoted: context.stanzaId }),
    ...(mentions.length > 0 && { mentions }),
  };
}

/** Messages that only wrap another one. */
function unwrap(message: proto.IMessage): proto.IMessage {
  const inner =
    message.ephemeralMessage?.message ??
    message.viewOnceMessage?.message ??
    message.documentWithCaptionMessage?.message ??
    message.editedMessage?.message;
  return inner ? unwrap(inner) : message;
}

function hasOnlyKeys(message: proto.IMessage): boolean {
  const shown = Object.entries(message).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return shown.every(([field]) =>
    ["messageContextInfo", "senderKeyDistributionMessage", "protocolMessage"].includes(field),
  );
}

function targetOf(key: proto.IMessageKey | null | undefined): { target?: string } {
  return key?.id ? { target: key.id } : {};
}

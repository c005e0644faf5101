import { type InboundMedia, type InboundMessage, isInboundId, type MediaKind } from "@pombo/domain";
import {
  isJidGroup,
  isLidUser,
  isPnUser,
  jidDecode,
  jidNormalizedUser,
  normalizeMessageContent,
  proto,
  type WAMessage,
} from "@whiskeysockets/baileys";

type Read = Pick<
  InboundMessage,
  "kind" | "text" | "target" | "media" | "location" | "contact" | "poll" | "source"
>;

/** What Baileys decrypted, as our record of it; undefined for what no person wrote to us (our own copies, broadcasts, key traffic). */
export function readMessage(received: WAMessage): InboundMessage | undefined {
  const { key, message, messageTimestamp, pushName } = received;
  const { id, remoteJid } = key;
  const inner = normalizeMessageContent(message);
  if (key.fromMe === true || !id || !remoteJid || !inner || !isInboundId(id)) return undefined;
  const place = placeOf(key);
  const read = contentOf(inner);
  if (place === undefined || read === undefined) return undefined;
  const context = contextOf(inner);
  const mentions = context?.mentionedJid?.map((jid) => nameOf(jid)) ?? [];
  return {
    id,
    ...place,
    ...(pushName ? { name: pushName } : {}),
    at: Number(messageTimestamp) * 1_000,
    ...read,
    ...(context?.stanzaId ? { quoted: context.stanzaId } : {}),
    ...(mentions.length === 0 ? {} : { mentions }),
  };
}

/** The chat and the writer, by number where WhatsApp tells it. */
function placeOf(
  key: WAMessage["key"],
): Pick<InboundMessage, "chat" | "from" | "lid" | "author"> | undefined {
  const { remoteJid, remoteJidAlt, participant, participantAlt } = key;
  const jid = remoteJid ?? "";
  if (isJidGroup(jid)) {
    if (!participant) return undefined;
    const author = jidNormalizedUser(participant);
    return { chat: jid, from: nameOf(participant, participantAlt), author };
  }
  if (!isPnUser(jid) && !isLidUser(jid)) return undefined;
  const chat = nameOf(jid, remoteJidAlt);
  const lid = [jid, remoteJidAlt ?? undefined].find((candidate) => isLidUser(candidate));
  const known = lid === undefined || isLidUser(chat) ? {} : { lid: jidNormalizedUser(lid) };
  return { chat, from: chat, ...known };
}

/** Digits, or the LID where there is no number. */
function nameOf(jid: string, other?: string | null): string {
  const number = [jid, other ?? undefined].find((candidate) => isPnUser(candidate));
  return jidDecode(number)?.user ?? jidNormalizedUser(jid);
}

const MEDIA_FIELDS = {
  image: "imageMessage",
  video: "videoMessage",
  audio: "audioMessage",
  document: "documentMessage",
  sticker: "stickerMessage",
} as const satisfies Record<MediaKind, keyof proto.IMessage>;

const { Type } = proto.Message.ProtocolMessage;

function contentOf(message: proto.IMessage): Read | undefined {
  const text = message.conversation || message.extendedTextMessage?.text;
  if (text) return { kind: "text", text };
  if (message.reactionMessage)
    return {
      kind: "reaction",
      text: message.reactionMessage.text ?? "",
      ...targetOf(message.reactionMessage.key),
    };
  if (message.protocolMessage) return changeOf(message.protocolMessage);
  return fileOf(message) ?? placeOrPerson(message) ?? pollOf(message) ?? otherOf(message);
}

function changeOf(change: proto.Message.IProtocolMessage): Read | undefined {
  if (change.type === Type.REVOKE) return { kind: "delete", ...targetOf(change.key) };
  if (change.type !== Type.MESSAGE_EDIT) return undefined;
  const edited = normalizeMessageContent(change.editedMessage ?? undefined);
  const words = edited && contentOf(edited)?.text;
  return { kind: "edit", text: words ?? "", ...targetOf(change.key) };
}

function fileOf(message: proto.IMessage): Read | undefined {
  for (const [kind, field] of Object.entries(MEDIA_FIELDS) as [MediaKind, keyof proto.IMessage][]) {
    const file = message[field] as FileMessage | null | undefined;
    if (!file) continue;
    const {
      jpegThumbnail: _,
      contextInfo: __,
      ...rest
    } = file as FileMessage & proto.Message.IImageMessage;
    const source = Buffer.from(proto.Message.encode({ [field]: rest }).finish()).toString("base64");
    const words = file.caption || file.fileName;
    return { kind, ...(words ? { text: words } : {}), media: mediaOf(file), source };
  }
  return undefined;
}

interface FileMessage {
  readonly caption?: string | null;
  readonly fileName?: string | null;
  readonly mimetype?: string | null;
  readonly fileLength?: number | { toString(): string } | null;
  readonly seconds?: number | null;
  readonly width?: number | null;
  readonly height?: number | null;
  readonly ptt?: boolean | null;
}

function mediaOf({
  mimetype,
  fileLength,
  fileName,
  seconds,
  width,
  height,
  ptt,
}: FileMessage): InboundMedia {
  const size = Number(fileLength ?? 0);
  return {
    ...(mimetype ? { mimeType: mimetype } : {}),
    ...(size > 0 ? { size } : {}),
    ...(fileName ? { fileName } : {}),
    ...(seconds ? { seconds } : {}),
    ...(width ? { width } : {}),
    ...(height ? { height } : {}),
    ...(ptt ? { ptt: true } : {}),
  };
}

function placeOrPerson({ locationMessage, contactMessage }: proto.IMessage): Read | undefined {
  if (locationMessage) {
    const {
      degreesLatitude: latitude,
      degreesLongitude: longitude,
      name,
      address,
    } = locationMessage;
    const text = name || address;
    return {
      kind: "location",
      ...(text ? { text } : {}),
      location: { latitude: latitude ?? 0, longitude: longitude ?? 0 },
    };
  }
  if (!contactMessage) return undefined;
  const name = contactMessage.displayName ?? "";
  return { kind: "contact", text: name, contact: { name, vcard: contactMessage.vcard ?? "" } };
}

function pollOf(message: proto.IMessage): Read | undefined {
  const poll =
    message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;
  if (!poll) return undefined;
  const options = poll.options?.map(({ optionName }) => optionName ?? "") ?? [];
  return {
    kind: "poll",
    text: poll.name ?? "",
    poll: { options, selectable: poll.selectableOptionsCount ?? 0 },
  };
}

/** Fields that come with messages, or alone as the traffic of keys: nobody reads them. */
const SILENT: ReadonlySet<string> = new Set(["messageContextInfo", "senderKeyDistributionMessage"]);

function otherOf(message: proto.IMessage): Read | undefined {
  const shown = Object.entries(message).some(
    ([field, value]) => value !== null && value !== undefined && value !== "" && !SILENT.has(field),
  );
  return shown ? { kind: "other" } : undefined;
}

function targetOf(key: proto.IMessageKey | null | undefined): Pick<Read, "target"> {
  return key?.id ? { target: key.id } : {};
}

function contextOf(message: proto.IMessage): proto.IContextInfo | undefined {
  for (const value of Object.values(message) as unknown[])
    if (typeof value === "object" && value !== null && "contextInfo" in value)
      return (value.contextInfo as proto.IContextInfo | null) ?? undefined;
  return undefined;
}

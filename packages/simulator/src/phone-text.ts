import { proto } from "@whiskeysockets/baileys";
import type { MessageType } from "./phones.ts";

/** What a phone makes of a decrypted message. */
export interface PhoneContent {
  readonly type: MessageType;
  readonly text: string;
  readonly target?: string;
}

const { Type } = proto.Message.ProtocolMessage;

/**
 * Plaintext = protobuf and 1 to 16 bytes of padding, each of which says how many there are.
 * Undefined when the message carries nothing a person would see (key distribution, sync).
 */
export function readContent(plaintext: Buffer): {
  content: PhoneContent | undefined;
  destination: string | undefined;
} {
  const message = proto.Message.decode(unpad(plaintext));
  const copy = message.deviceSentMessage;
  return {
    content: contentOf(copy?.message ?? message),
    destination: copy?.destinationJid ?? undefined,
  };
}

export function writeText(text: string): Buffer {
  return pad(proto.Message.encode({ conversation: text }).finish());
}

/** The same message as the sender's other companions get it. */
export function writeCopy(text: string, destinationJid: string): Buffer {
  return pad(
    proto.Message.encode({
      deviceSentMessage: { destinationJid, message: { conversation: text } },
    }).finish(),
  );
}

function unpad(plaintext: Buffer): Buffer {
  const padding = plaintext.at(-1) ?? 0;
  if (padding === 0 || padding > plaintext.length) throw new Error("wrong padding");
  return plaintext.subarray(0, plaintext.length - padding);
}

function pad(message: Uint8Array): Buffer {
  const padding = (message.length % 16) + 1;
  return Buffer.concat([message, Buffer.alloc(padding, padding)]);
}

function contentOf(wrapped: proto.IMessage): PhoneContent | undefined {
  const message = unwrap(wrapped);
  for (const read of readers) {
    const content = read(message);
    if (content !== undefined) return content;
  }
  return hasOnlyKeys(message) ? undefined : { type: "other", text: "" };
}

type Reader = (message: proto.IMessage) => PhoneContent | undefined;

const media = {
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
    for (const [field, type] of Object.entries(media)) {
      const found = message[field as keyof typeof media];
      if (found) return { type, text: "caption" in found ? (found.caption ?? "") : "" };
    }
    return undefined;
  },
];

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

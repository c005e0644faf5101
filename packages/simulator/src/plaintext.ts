import { proto } from "@whiskeysockets/baileys";
import type { PhoneContent } from "./phone-message.ts";
import type { KeptMessage } from "./phones.ts";

/** Plaintext = protobuf and 1 to 16 bytes of padding, each of which says how many there are. */
export interface Plaintext {
  /** Without the wrapper that a copy for one's own devices has. */
  readonly message: proto.IMessage;
  /** The chat that a companion of this phone wrote to. */
  readonly destination: string | undefined;
}

export function readPlaintext(plaintext: Buffer): Plaintext {
  const message = proto.Message.decode(unpad(plaintext));
  const copy = message.deviceSentMessage;
  return {
    message: copy?.message ?? message,
    destination: copy?.destinationJid ?? undefined,
  };
}

export const writePlaintext = (message: proto.IMessage): Buffer =>
  pad(proto.Message.encode(message).finish());

/** The same message as the sender's other companions get it. */
export const writeCopy = (message: proto.IMessage, destinationJid: string): Buffer =>
  writePlaintext({ deviceSentMessage: { destinationJid, message } });

function unpad(plaintext: Buffer): Buffer {
  const padding = plaintext.at(-1) ?? 0;
  if (padding === 0 || padding > plaintext.length) throw new Error("wrong padding");
  return plaintext.subarray(0, plaintext.length - padding);
}

function pad(message: Uint8Array): Buffer {
  const padding = (message.length % 16) + 1;
  return Buffer.concat([message, Buffer.alloc(padding, padding)]);
}

/** Kept beside what a phone shows, for all but plain texts, which can be written again from what is shown. */
export function rawOf(message: proto.IMessage, content: PhoneContent): { raw?: string } {
  const { type, quoted, mentions } = content;
  if (type === "text" && quoted === undefined && mentions === undefined) return {};
  return { raw: Buffer.from(proto.Message.encode(message).finish()).toString("base64") };
}

/** The message behind what a phone shows. */
export function messageOf({ message: { text }, raw }: KeptMessage): proto.IMessage {
  if (raw === undefined) return { conversation: text };
  return proto.Message.decode(Buffer.from(raw, "base64"));
}

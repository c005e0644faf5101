import { parseJid, type Address } from "./jid.ts";
import { bytesOf, child, children, type BinaryNode } from "./node.ts";
import type { Encrypted } from "./phone-signal.ts";

/** A client's `<message>`, read. */
export interface MessageStanza {
  readonly id: string;
  /** As written by the client; acks quote it. */
  readonly to: string;
  readonly type: string;
  readonly edit?: string;
  readonly category?: string;
  /** The account the conversation is with. */
  readonly chat: Address;
  readonly copies: readonly MessageCopy[];
  readonly deviceIdentity?: BinaryNode;
  readonly privacyToken?: Buffer;
}

export interface MessageCopy {
  readonly target: Address;
  readonly enc: BinaryNode;
  readonly encrypted: Encrypted;
}

/**
 * Either `<participants><to jid><enc/></to>…` or, for a resend to one device and for peer messages, a lone `<enc>`.
 * Undefined when there is no id, or no 1:1 recipient.
 */
export function readMessage(node: BinaryNode): MessageStanza | undefined {
  const { id, to, type = "text", recipient } = node.attrs;
  const target = parseJid(to);
  const chat = parseJid(recipient) ?? target;
  if (!id || to === undefined || target === undefined || chat === undefined) return undefined;
  const listed = children(child(node, "participants"), "to").map((entry) =>
    copyOf(entry, parseJid(entry.attrs["jid"])),
  );
  const copies = [...listed, copyOf(node, target)].filter((copy) => copy !== undefined);
  return { id, to, type, chat, copies: firstOfEach(copies), ...optionalParts(node) };
}

function optionalParts(
  node: BinaryNode,
): Pick<MessageStanza, "edit" | "category" | "deviceIdentity" | "privacyToken"> {
  const { edit, category } = node.attrs;
  const deviceIdentity = child(node, "device-identity");
  const privacyToken = bytesOf(child(node, "tctoken"));
  return {
    ...(edit !== undefined && { edit }),
    ...(category !== undefined && { category }),
    ...(deviceIdentity && { deviceIdentity }),
    ...(privacyToken && { privacyToken }),
  };
}

export function copyOf(parent: BinaryNode, target: Address | undefined): MessageCopy | undefined {
  const enc = child(parent, "enc");
  const bytes = bytesOf(enc);
  const type = enc?.attrs["type"];
  if (target === undefined || enc === undefined || bytes === undefined) return undefined;
  if (type !== "pkmsg" && type !== "msg") return undefined;
  return { target, enc, encrypted: { type, bytes } };
}

/** A note to one's own number lists each device twice once the client's device cache is warm. */
function firstOfEach(copies: readonly MessageCopy[]): MessageCopy[] {
  const byDevice = new Map<string, MessageCopy>();
  for (const copy of copies) {
    const key = `${copy.target.number}:${copy.target.device}`;
    if (!byDevice.has(key)) byDevice.set(key, copy);
  }
  return [...byDevice.values()];
}

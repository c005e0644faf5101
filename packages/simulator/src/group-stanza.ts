import { parseJid, type Address, type Space } from "./jid.ts";
import { copyOf, type MessageCopy } from "./message-stanza.ts";
import { bytesOf, child, children, type BinaryNode } from "./node.ts";

/** A client's `<message>` to a group, read. */
export interface GroupMessage {
  readonly id: string;
  /** JID of the group. */
  readonly to: string;
  readonly type: string;
  readonly edit?: string;
  /** Absent on a resend to one device. */
  readonly mode?: Space;
  /** The one device that a resend is for. */
  readonly participant?: Address;
  /** Pairwise copies: they hand over the sender's key, or are the whole message of a resend. */
  readonly copies: readonly MessageCopy[];
  /** What the sender's key opens. */
  readonly sealed?: { readonly enc: BinaryNode; readonly bytes: Buffer };
  readonly deviceIdentity?: BinaryNode;
}

/** `<participants>…</participants><enc type=skmsg/>`, or with `participant` a lone `<enc>` for that device. */
export function readGroupMessage(node: BinaryNode): GroupMessage | undefined {
  const { id, to, type = "text" } = node.attrs;
  if (!id || to === undefined) return undefined;
  const participant = parseJid(node.attrs["participant"]);
  const listed = children(child(node, "participants"), "to").map((entry) =>
    copyOf(entry, parseJid(entry.attrs["jid"])),
  );
  const copies = [...listed, copyOf(node, participant)].filter((copy) => copy !== undefined);
  const parts = optionalParts(node);
  if (parts.sealed === undefined && copies.length === 0) return undefined;
  return { id, to, type, copies, ...(participant && { participant }), ...parts };
}

function optionalParts(
  node: BinaryNode,
): Pick<GroupMessage, "edit" | "mode" | "sealed" | "deviceIdentity"> {
  const { edit } = node.attrs;
  const enc = children(node, "enc").find(({ attrs }) => attrs["type"] === "skmsg");
  const bytes = bytesOf(enc);
  const deviceIdentity = child(node, "device-identity");
  const mode = modeIn(node);
  return {
    ...(edit !== undefined && { edit }),
    ...(mode !== undefined && { mode }),
    ...(enc !== undefined && bytes !== undefined && { sealed: { enc, bytes } }),
    ...(deviceIdentity && { deviceIdentity }),
  };
}

function modeIn({ attrs }: BinaryNode): Space | undefined {
  const mode = attrs["addressing_mode"];
  return mode === "pn" || mode === "lid" ? mode : undefined;
}

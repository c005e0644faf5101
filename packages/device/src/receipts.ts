import type { EvidenceStatus } from "@pombo/domain";
import {
  areJidsSameUser,
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  isJidGroup,
  isLidUser,
  isPnUser,
  jidDecode,
  jidNormalizedUser,
} from "@whiskeysockets/baileys";

/** What WhatsApp said about messages of ours. Correlate by id only: `by` may be a LID, and carries a device. */
export interface Evidence {
  readonly ids: readonly string[];
  readonly proves: EvidenceStatus;
  /** ms since the epoch */
  readonly at: number;
  /** Who proves it: the server's ack names the chat, a receipt the recipient's device. */
  readonly by: string;
  /** The member of a group that it comes from; without a device. */
  readonly member?: string;
}

/** Somebody wrote to this device; what they wrote is not looked at. */
export interface Inbound {
  /** Digits, or `…@lid` where WhatsApp hides the number. */
  readonly from: string;
  readonly lid?: string;
  readonly id: string;
  /** ms since the epoch */
  readonly at: number;
}

/** The account's own addresses. */
export interface OwnJids {
  readonly pn: string | undefined;
  readonly lid: string | undefined;
}

/** Receipt types that prove something about a message of ours. All others (`inactive`, `retry`, `server-error` …) prove nothing. */
const PROVEN_BY_RECEIPT: ReadonlyMap<string | undefined, EvidenceStatus> = new Map<
  string | undefined,
  EvidenceStatus
>([
  [undefined, "delivered"],
  ["sender", "sent"],
  ["read", "read"],
  ["played", "played"],
]);

/** Reads a raw `<receipt>`; undefined when it proves nothing about our messages. */
export function readReceipt(node: BinaryNode, own: OwnJids, now: number): Evidence | undefined {
  const { attrs } = node;
  const proves = PROVEN_BY_RECEIPT.get(attrs["type"]);
  const by = attrs["participant"] ?? attrs["from"];
  if (proves === undefined || by === undefined || attrs["id"] === undefined) return undefined;
  // Another device of ours that read, or got, a message of somebody else.
  if (attrs["recipient"] !== undefined && proves !== "sent") return undefined;
  if (proves === "sent" && !isOwn(by, own)) return undefined;
  const listed = getBinaryNodeChildren(getBinaryNodeChild(node, "list"), "item");
  const ids = [attrs["id"], ...listed.flatMap((item) => item.attrs["id"] ?? [])];
  const at = happenedAt(attrs, now);
  return isJidGroup(attrs["from"])
    ? { ids, proves, at, by, member: userOf(by) }
    : { ids, proves, at, by };
}

/** Reads a raw `<message>`; undefined for groups, broadcasts and copies of our own messages. */
export function readInbound(node: BinaryNode, own: OwnJids, now: number): Inbound | undefined {
  const { from, id } = node.attrs;
  if (from === undefined || id === undefined || isOwn(from, own) || isJidGroup(from))
    return undefined;
  const writer = writerOf(from, node.attrs);
  return writer === undefined ? undefined : { ...writer, id, at: happenedAt(node.attrs, now) };
}

/** A message carries the address that it was sent from, and where WhatsApp tells it, the other one. */
function writerOf(
  from: string,
  attrs: BinaryNode["attrs"],
): Pick<Inbound, "from" | "lid"> | undefined {
  const [pn, lid] = isPnUser(from) ? [from, attrs["sender_lid"]] : [attrs["sender_pn"], from];
  if (!isPnUser(from) && !isLidUser(from)) return undefined;
  const digits = jidDecode(pn)?.user;
  const plainLid = lid === undefined ? undefined : jidNormalizedUser(lid);
  const name = digits ?? plainLid;
  if (name === undefined) return undefined;
  return { from: name, ...(plainLid === undefined ? {} : { lid: plainLid }) };
}

/** What was queued while we were away happened at the server's time (whole seconds), the rest happens now. */
function happenedAt(attrs: BinaryNode["attrs"], now: number): number {
  const seconds = Number(attrs["t"]);
  return attrs["offline"] !== undefined && seconds > 0 ? Math.min(seconds * 1000, now) : now;
}

function userOf(jid: string): string {
  return jidDecode(jid)?.user ?? jid;
}

function isOwn(jid: string, own: OwnJids): boolean {
  return areJidsSameUser(jid, own.pn) || areJidsSameUser(jid, own.lid);
}

import type { Connection } from "./connection.ts";
import type { FaultAction } from "./faults.ts";
import type { DeviceRole } from "./iq-call.ts";
import { isGroupJid } from "./group-jid.ts";
import { formatJid, parseJid, pnJid, type Address } from "./jid.ts";
import { child, el, type BinaryNode } from "./node.ts";
import { resendFrom } from "./phone-writing.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/** Receipts and acks that clients send: they empty the outbox, and receipts travel on to who wrote the message. */
const aboutReading = new Set<string | undefined>(["read", "read-self", "played"]);
const forServerOnly = new Set<string | undefined>(["peer_msg", "hist_sync"]);

export async function takeReceipt(
  realm: Realm,
  connection: Connection,
  node: BinaryNode,
): Promise<void> {
  const { role } = connection;
  const { id, to, type, participant } = node.attrs;
  if (role.kind !== "device" || id === undefined || to === undefined)
    return connection.cut("receipt without id, recipient or login");
  if (!aboutReading.has(type)) realm.outboxes.confirm(role.jid, { tag: "message", id });
  realm.log.append("receipt_in", { device: role.jid, id, to, type: type ?? "delivered" });
  connection.send(
    el("ack", { class: "receipt", id, from: to, type, participant, t: nowSeconds() }),
  );
  if (!forServerOnly.has(type)) await passOn(realm, role, node);
}

/** To who wrote the message: a phone that is asked to write it again, or companions. */
async function passOn(realm: Realm, role: DeviceRole, node: BinaryNode): Promise<void> {
  const { id = "", to, type, participant } = node.attrs;
  const group = isGroupJid(to) ? to : undefined;
  const target = parseJid(group === undefined ? to : participant);
  if (target === undefined) return;
  if (type === "retry" && target.device === 0)
    await resendFrom(realm, { phone: target, companion: role, id, count: retryCount(node), group });
  else forwardReceipt(realm, role, { node, target, group });
}

const retryCount = (node: BinaryNode): number => Number(child(node, "retry")?.attrs["count"] ?? 1);

interface ClientReceipt {
  readonly node: BinaryNode;
  readonly target: Address;
  readonly group: string | undefined;
}

function forwardReceipt(
  realm: Realm,
  role: DeviceRole,
  { node, target, group }: ClientReceipt,
): void {
  const { id, type } = node.attrs;
  const own = formatJid({ number: role.number, device: role.device, space: target.space });
  const names = group === undefined ? { from: own } : { from: group, participant: own };
  const attrs = { ...names, id, type, t: nowSeconds(), recipient: node.attrs["recipient"] };
  const number = type === "read-self" ? role.number : target.number;
  const forwarded = el(
    "receipt",
    { ...attrs, ...(type === "read-self" ? { recipient: node.attrs["to"] } : {}) },
    node.content,
  );
  const targets = realm.directory
    .companionsOf(number)
    .filter(({ device }) => target.device === 0 || type === "read-self" || device === target.device)
    .map(({ device }) => pnJid(number, device));
  for (const jid of targets)
    if (jid !== role.jid) forwardTo(realm, jid, { node: forwarded, peer: role.number });
}

function forwardTo(
  realm: Realm,
  jid: string,
  { node, peer }: { node: BinaryNode; peer: string },
): void {
  const fault = realm.faults.take("receipt", { to: peer, device: jid });
  const { type } = node.attrs;
  for (const { changes, afterMs } of disturbed(fault, type)) {
    const sent = { ...node, attrs: { ...node.attrs, ...changes } };
    const post = (): void => {
      realm.outboxes.post(jid, sent);
      realm.log.append("receipt", {
        device: jid,
        id: node.attrs["id"] ?? "",
        from: node.attrs["from"] ?? "",
        type: sent.attrs["type"] ?? "delivered",
      });
    };
    if (afterMs === 0) post();
    else realm.timers.after(afterMs, post);
  }
}

/** How often, how late and how changed a receipt arrives. */
function disturbed(
  fault: FaultAction | undefined,
  type: string | undefined,
): { changes: Record<string, string>; afterMs: number }[] {
  const plain = { changes: {}, afterMs: 0 };
  if (fault?.kind === "drop") return [];
  if (fault?.kind === "duplicate") return [plain, plain];
  if (fault?.kind === "delay") return [{ ...plain, afterMs: fault.ms }];
  if (fault?.kind === "inactive" && type === undefined)
    return [{ ...plain, changes: { type: "inactive" } }];
  return [plain];
}

export function takeAck(realm: Realm, connection: Connection, node: BinaryNode): void {
  const { role } = connection;
  const { class: tag, id, type, error } = node.attrs;
  if (role.kind !== "device" || tag === undefined || id === undefined) return;
  realm.outboxes.confirm(role.jid, { tag, id, type });
  if (tag === "message") realm.log.append("ack_in", { device: role.jid, id, type: tag, error });
}

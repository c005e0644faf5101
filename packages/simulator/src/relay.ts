import type { Connection } from "./connection.ts";
import { endConnection, type Ending } from "./endings.ts";
import type { AckHint, FaultAction, StanzaKind } from "./faults.ts";
import type { DeviceRole } from "./iq-call.ts";
import { directMail } from "./direct-relay.ts";
import { isGroupJid } from "./group-jid.ts";
import { groupMail } from "./group-relay.ts";
import { el, type BinaryNode } from "./node.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/** What becomes of one message: is it relayed, is it answered and how, does the connection end. */
export interface Disposition {
  readonly relay: boolean;
  /** Absent: no ack ever. */
  readonly ack?: Answer;
  readonly ending?: Ending;
}

interface Answer {
  readonly error?: number;
  readonly hint?: AckHint;
  readonly delayMs: number;
}

const malformed = 479;
const hintValues = { phash: "2:c2ltdWxhd", refresh_lid: "true" } as const satisfies Record<
  AckHint,
  string
>;

/** Takes one `<message>` of a client: relay, answer, end, in this order. */
export async function takeMessage(
  realm: Realm,
  connection: Connection,
  node: BinaryNode,
): Promise<void> {
  const { role } = connection;
  if (role.kind !== "device") return connection.cut("message before login");
  realm.counters.messages += 1;
  const open = isGroupJid(node.attrs["to"]) ? groupMail : directMail;
  const mail = open(realm, role, node);
  logMessage(realm, role, { node, copies: mail?.copies ?? 0 });
  if (mail === undefined) return sendAck(realm, connection, { node, error: malformed });
  const fault = realm.faults.take("message", {
    to: mail.chat,
    device: role.jid,
    kind: kindOf(node),
  });
  const disposition = disposeOf(fault, { delayMs: realm.delays.ack, ...mail.nack });
  const afterAck = disposition.relay ? await mail.relay() : [];
  if (disposition.ack !== undefined) answer(realm, connection, { node, ack: disposition.ack });
  for (const confirm of afterAck) confirm();
  if (disposition.ending !== undefined) endConnection(realm, connection, disposition.ending);
}

const kindsOfEdits: Readonly<Record<string, StanzaKind>> = { 1: "edit", 7: "revoke", 8: "revoke" };

function kindOf({ attrs: { type, edit, category } }: BinaryNode): string | undefined {
  if (category === "peer") return "peer";
  return kindsOfEdits[edit ?? ""] ?? type;
}

function logMessage(
  realm: Realm,
  role: DeviceRole,
  { node, copies }: { node: BinaryNode; copies: number },
): void {
  const { id = "", to = "", type = "", edit } = node.attrs;
  realm.log.append("message", { device: role.jid, id, to, type, edit, copies });
}

/** Faults that need no argument. */
const dispositions: { readonly [Name in FaultAction["kind"]]?: Disposition } = {
  no_ack: { relay: true },
  blackhole: { relay: false },
  drop: { relay: false },
  close: { relay: false, ending: { kind: "close" } },
  close_before_relay: { relay: false, ending: { kind: "close" } },
  close_after_relay: { relay: true, ending: { kind: "close" } },
  replaced: { relay: false, ending: { kind: "replaced" } },
  unlink: { relay: false, ending: { kind: "unlink" } },
};

/** The fault's say, or the server's own when there is none. */
export function disposeOf(
  fault: FaultAction | undefined,
  usual: { error?: number; delayMs: number },
): Disposition {
  const honest = { relay: usual.error === undefined, ack: usual };
  if (fault === undefined) return honest;
  if (fault.kind === "nack")
    return { relay: false, ack: { error: fault.code, delayMs: usual.delayMs } };
  if (fault.kind === "ack_hint") return { ...honest, ack: { ...usual, hint: fault.hint } };
  if (fault.kind === "delay") return { ...honest, ack: { ...usual, delayMs: fault.ms } };
  if (fault.kind === "stream_error") return { relay: false, ending: fault };
  return dispositions[fault.kind] ?? honest;
}

function answer(
  realm: Realm,
  connection: Connection,
  { node, ack }: { node: BinaryNode; ack: Answer },
): void {
  const send = (): void => sendAck(realm, connection, { node, ...ack });
  if (ack.delayMs === 0) send();
  else realm.timers.after(ack.delayMs, send);
}

function sendAck(
  realm: Realm,
  connection: Connection,
  { node, error, hint }: { node: BinaryNode } & Pick<Answer, "error" | "hint">,
): void {
  const { id, to } = node.attrs;
  const stale = hint === undefined ? {} : { [hint]: hintValues[hint] };
  connection.send(el("ack", { class: "message", id, from: to, t: nowSeconds(), error, ...stale }));
  const device = connection.role.kind === "device" ? connection.role.jid : "";
  realm.log.append("ack", { device, id: id ?? "", to: to ?? "", error });
}

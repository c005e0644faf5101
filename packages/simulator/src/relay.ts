import type { Connection } from "./connection.ts";
import { endConnection, type Ending } from "./endings.ts";
import type { AckHint, FaultAction } from "./faults.ts";
import type { DeviceRole } from "./iq-call.ts";
import { formatJid, lidJid, pnJid, type Address } from "./jid.ts";
import { readMessage, type MessageCopy, type MessageStanza } from "./message-stanza.ts";
import { el, type BinaryNode } from "./node.ts";
import { deliverToPhone } from "./phone-delivery.ts";
import { isTokenOf } from "./privacy.ts";
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
const unknownRecipient = 404;
const timelocked = 463;
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
  const message = readMessage(node);
  logMessage(realm, role, { node, copies: message?.copies.length ?? 0 });
  if (message === undefined) {
    const error = node.attrs["to"]?.endsWith("@g.us") === true ? unknownRecipient : malformed;
    return sendAck(realm, connection, { node, error });
  }
  const fault = realm.faults.take("message", { to: message.chat.number, device: role.jid });
  const disposition = disposeOf(fault, {
    delayMs: realm.delays.ack,
    ...nackOf(realm, role, message),
  });
  const afterAck = disposition.relay ? await relay(realm, role, message) : [];
  if (disposition.ack !== undefined) answer(realm, connection, { node, ack: disposition.ack });
  for (const confirm of afterAck) confirm();
  if (disposition.ending !== undefined) endConnection(realm, connection, disposition.ending);
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

/** A restricted account reaches only those whose privacy token it holds. */
function nackOf(realm: Realm, role: DeviceRole, message: MessageStanza): { error?: number } {
  const restricted = realm.phones.settings(role.number).restricted_until > nowSeconds();
  const exempt = message.chat.number === role.number || message.category === "peer";
  if (!restricted || exempt) return {};
  const parties = { issuer: message.chat.number, holder: role.number };
  return isTokenOf(realm, parties, message.privacyToken) ? {} : { error: timelocked };
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

/** Hands every copy to its device. Returns what is to be done once the sender has its ack: the receipts. */
async function relay(
  realm: Realm,
  role: DeviceRole,
  message: MessageStanza,
): Promise<(() => void)[]> {
  const reached = message.copies.filter(({ target }) =>
    isReached(realm, { role, target, chat: message.chat }),
  );
  if (reached.length > 0) {
    realm.counters.relayed += 1;
    realm.relayedIds.add(message.id);
  }
  const confirmations: (() => void)[] = [];
  for (const copy of reached) {
    if (copy.target.device === 0) {
      // Copies of one stanza are independent, but the phones' answers keep the order of arrival.
      // eslint-disable-next-line no-await-in-loop
      confirmations.push(await deliverToPhone(realm, { sender: role, message, copy }));
    } else deliverToCompanion(realm, role, { message, copy });
  }
  return confirmations;
}

/** Copies go to the chat's account, when it exists, and to the sender's own. */
function isReached(
  realm: Realm,
  { role, target, chat }: { role: DeviceRole; target: Address; chat: Address },
): boolean {
  if (target.number === role.number) return true;
  return target.number === chat.number && realm.phones.settings(chat.number).on_whatsapp;
}

function deliverToCompanion(
  realm: Realm,
  role: DeviceRole,
  { message, copy }: { message: MessageStanza; copy: MessageCopy },
): void {
  const { number, device } = copy.target;
  if (realm.directory.companion(number, device) === undefined) return;
  const jid = pnJid(number, device);
  realm.outboxes.post(jid, forward(role, message, copy));
  realm.log.append("delivered", { device: jid, id: message.id, from: role.jid });
}

/** The stanza as a companion gets it, in the space the sender addressed it in. */
function forward(role: DeviceRole, message: MessageStanza, copy: MessageCopy): BinaryNode {
  const { space } = message.chat;
  const own = copy.target.number === role.number;
  const other =
    space === "pn" ? { sender_lid: lidJid(role.number) } : { sender_pn: pnJid(role.number) };
  const attrs = {
    from: formatJid({ number: role.number, device: role.device, space }),
    id: message.id,
    type: message.type,
    t: nowSeconds(),
    notify: `~${role.number.slice(-4)}`,
    edit: message.edit,
    category: message.category,
    recipient:
      own && message.category !== "peer" ? formatJid({ ...message.chat, device: 0 }) : undefined,
    ...other,
  };
  const identity =
    copy.encrypted.type === "pkmsg" && message.deviceIdentity !== undefined
      ? [message.deviceIdentity]
      : [];
  return el("message", attrs, [copy.enc, ...identity]);
}

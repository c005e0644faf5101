import type { DeviceRole } from "./iq-call.ts";
import { formatJid, lidJid, pnJid, type Address } from "./jid.ts";
import type { Mail } from "./mail.ts";
import { readMessage, type MessageCopy, type MessageStanza } from "./message-stanza.ts";
import { el, type BinaryNode } from "./node.ts";
import { deliverToPhone } from "./phone-delivery.ts";
import { isTokenOf } from "./privacy.ts";
import { nowSeconds, type Realm } from "./realm.ts";

const timelocked = 463;

/** A message to one account. Undefined when the stanza is none. */
export function directMail(realm: Realm, role: DeviceRole, node: BinaryNode): Mail | undefined {
  const message = readMessage(node);
  if (message === undefined) return undefined;
  return {
    chat: message.chat.number,
    copies: message.copies.length,
    nack: nackOf(realm, role, message),
    relay: () => relay(realm, role, message),
  };
}

/** A restricted account reaches only those whose privacy token it holds. */
function nackOf(realm: Realm, role: DeviceRole, message: MessageStanza): { error?: number } {
  const restricted = realm.phones.settings(role.number).restricted_until > nowSeconds();
  const exempt = message.chat.number === role.number || message.category === "peer";
  if (!restricted || exempt) return {};
  const parties = { issuer: message.chat.number, holder: role.number };
  return isTokenOf(realm, parties, message.privacyToken) ? {} : { error: timelocked };
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

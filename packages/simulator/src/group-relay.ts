import type { proto } from "@whiskeysockets/baileys";
import { jidOf } from "./directory.ts";
import { jidIn, otherJid } from "./group-node.ts";
import { readGroupMessage, type GroupMessage } from "./group-stanza.ts";
import { isAdmin, memberOf, type Group } from "./groups.ts";
import type { DeviceRole } from "./iq-call.ts";
import type { Mail } from "./mail.ts";
import type { MessageCopy } from "./message-stanza.ts";
import { el, type BinaryNode } from "./node.ts";
import { contentOf } from "./phone-content.ts";
import { askAgain, showOnPhone } from "./phone-delivery.ts";
import { readPlaintext } from "./plaintext.ts";
import { confirmArrival, type ArrivalFacts } from "./receipts.ts";
import { nowSeconds, type Realm } from "./realm.ts";

const unknownGroup = 404;
const forbidden = 403;
const staleAddressing = 421;

/** A message to a group. Undefined when the stanza is none. */
export function groupMail(realm: Realm, role: DeviceRole, node: BinaryNode): Mail | undefined {
  const message = readGroupMessage(node);
  if (message === undefined) return undefined;
  const group = realm.groups.get(message.to);
  return {
    chat: message.to,
    copies: message.copies.length,
    nack: nackOf(group, role, message),
    relay: () =>
      group === undefined ? Promise.resolve([]) : relay(realm, role, { group, message }),
  };
}

function nackOf(
  group: Group | undefined,
  role: DeviceRole,
  { mode, edit }: GroupMessage,
): { error?: number } {
  if (group === undefined) return { error: unknownGroup };
  if (memberOf(group, role.number) === undefined) return { error: forbidden };
  const needsAdmin = group.announce || edit === "8";
  if (needsAdmin && !isAdmin(group, role.number)) return { error: forbidden };
  // Resends to one device leave the mode out.
  return mode === undefined || mode === group.mode ? {} : { error: staleAddressing };
}

interface GroupTask {
  readonly group: Group;
  readonly message: GroupMessage;
}

async function relay(
  realm: Realm,
  role: DeviceRole,
  { group, message }: GroupTask,
): Promise<(() => void)[]> {
  realm.counters.relayed += 1;
  realm.relayedIds.add(message.id);
  const only = message.participant;
  const confirmations: (() => void)[] = [];
  for (const { number } of group.members) {
    if (only !== undefined && only.number !== number) continue;
    const copyFor = (device: number): MessageCopy | undefined =>
      message.copies.find(({ target }) => target.number === number && target.device === device);
    if (isPhoneReached(realm, number, only?.device)) {
      const delivery = { role, group, message, number, copy: copyFor(0) };
      // eslint-disable-next-line no-await-in-loop -- the phones' answers keep their order
      confirmations.push(await deliverToPhone(realm, delivery));
    }
    for (const companion of realm.directory.companionsOf(number)) {
      const jid = jidOf(companion);
      const meant = only === undefined || only.device === companion.device;
      if (!meant || jid === role.jid) continue;
      realm.outboxes.post(jid, forward(role, { group, message }, copyFor(companion.device)));
      realm.log.append("delivered", { device: jid, id: message.id, from: role.jid, to: group.jid });
    }
  }
  return confirmations;
}

const isPhoneReached = (realm: Realm, number: string, only: number | undefined): boolean =>
  (only ?? 0) === 0 && realm.phones.settings(number).on_whatsapp;

/** The stanza as a member's companion gets it: the sender's key, if it comes along, and then the message. */
function forward(
  role: DeviceRole,
  { group, message }: GroupTask,
  copy: MessageCopy | undefined,
): BinaryNode {
  const { mode } = group;
  const attrs = {
    from: group.jid,
    participant: jidIn(mode, role.number, role.device),
    ...otherJid(mode, role.number, { pn: "participant_pn", lid: "participant_lid" }),
    addressing_mode: mode,
    id: message.id,
    type: message.type,
    t: nowSeconds(),
    notify: `~${role.number.slice(-4)}`,
    edit: message.edit,
  };
  const parts = [
    ...(copy === undefined ? [] : [copy.enc]),
    ...(message.sealed === undefined ? [] : [message.sealed.enc]),
    ...(copy?.encrypted.type === "pkmsg" && message.deviceIdentity ? [message.deviceIdentity] : []),
  ];
  return el("message", attrs, parts);
}

interface PhoneTask extends GroupTask {
  readonly role: DeviceRole;
  readonly number: string;
  readonly copy: MessageCopy | undefined;
}

async function deliverToPhone(realm: Realm, task: PhoneTask): Promise<() => void> {
  const { role, group, message, number } = task;
  const copied = number === role.number;
  const read = await decrypt(realm, task);
  const fault = copied ? undefined : realm.faults.take("receipt", { to: number, device: role.jid });
  const facts: ArrivalFacts = {
    phone: number,
    space: group.mode,
    sender: role.jid,
    id: message.id,
    group: group.jid,
    fault,
  };
  if (read === undefined || fault?.kind === "retry") {
    realm.counters.unreadable += 1;
    realm.log.append("unreadable", {
      device: number,
      id: message.id,
      from: role.jid,
      to: group.jid,
    });
    return copied ? () => {} : () => askAgain(realm, facts);
  }
  const content = contentOf(read);
  const shown = { sender: role, id: message.id, phone: number, chat: group.jid, message: read };
  const repeated = content !== undefined && showOnPhone(realm, { ...shown, content });
  return () => confirmArrival(realm, facts, { copied, repeated });
}

/** First the pairwise copy, which may bring the sender's key, then what the key opens. */
async function decrypt(
  realm: Realm,
  { role, group, message, number, copy }: PhoneTask,
): Promise<proto.IMessage | undefined> {
  const place = { phone: number, group: group.jid, sender: role.jid };
  try {
    let read: proto.IMessage | undefined;
    if (copy !== undefined) {
      const pair = { phone: number, companion: role.jid };
      read = readPlaintext(await realm.signal.decrypt(pair, copy.encrypted)).message;
      const key = read.senderKeyDistributionMessage?.axolotlSenderKeyDistributionMessage;
      if (key) realm.groupSignal.learn(place, key);
    }
    if (message.sealed === undefined) return read;
    return readPlaintext(realm.groupSignal.decrypt(place, message.sealed.bytes)).message;
  } catch {
    return undefined;
  }
}

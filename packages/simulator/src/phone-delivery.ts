import type { proto } from "@whiskeysockets/baileys";
import type { DeviceRole } from "./iq-call.ts";
import { answerHistory, historyAskedIn } from "./history.ts";
import { parseJid } from "./jid.ts";
import type { MessageCopy, MessageStanza } from "./message-stanza.ts";
import { child, el, uintBytes, type BinaryNode } from "./node.ts";
import { contentOf } from "./phone-content.ts";
import type { PhoneContent } from "./phone-message.ts";
import { readPlaintext, rawOf, type Plaintext } from "./plaintext.ts";
import { phoneBundle } from "./prekeys.ts";
import { confirmArrival, postReceipt, type ArrivalFacts } from "./receipts.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/** A virtual phone gets one copy: it decrypts, shows, and later confirms, or asks for the message again. */
export interface PhoneDelivery {
  readonly sender: DeviceRole;
  readonly message: MessageStanza;
  readonly copy: MessageCopy;
}

/** Returns what the phone does once the sender has its ack. */
export async function deliverToPhone(realm: Realm, delivery: PhoneDelivery): Promise<() => void> {
  const { sender, message, copy } = delivery;
  const phone = copy.target.number;
  // A copy of what a companion of this phone wrote to somebody else.
  const copied = phone === sender.number && message.chat.number !== phone;
  const read = await decrypt(realm, delivery);
  // What a companion asks its phone behind the scenes is confirmed by no receipt that a person would see.
  const peer = message.category === "peer";
  const fault =
    copied || peer ? undefined : realm.faults.take("receipt", { to: phone, device: sender.jid });
  const { id, chat } = message;
  const facts: ArrivalFacts = { phone, space: chat.space, sender: sender.jid, id, fault };
  if (read === undefined || fault?.kind === "retry") {
    realm.counters.unreadable += 1;
    realm.log.append("unreadable", { device: phone, id: message.id, from: sender.jid });
    // Asking again makes the client send to all devices once more; for a mere copy of what one's own companion wrote to
    // somebody else that would cost more than it is worth.
    return copied ? () => {} : () => askAgain(realm, facts);
  }
  if (peer) return () => takePeerMessage(realm, delivery, read);
  const repeated = showRead(realm, delivery, read);
  return () => confirmArrival(realm, facts, { copied, repeated });
}

function showRead(realm: Realm, { sender, message, copy }: PhoneDelivery, read: ReadCopy): boolean {
  if (read.content === undefined) return false;
  const phone = copy.target.number;
  const chat = parseJid(read.destination)?.number ?? phone;
  const { message: original, content } = read;
  return showOnPhone(realm, { sender, id: message.id, phone, chat, message: original, content });
}

function takePeerMessage(realm: Realm, { sender, message }: PhoneDelivery, read: ReadCopy): void {
  const asked = historyAskedIn(read.message);
  if (asked !== undefined) answerHistory(realm, { companion: sender, id: message.id, asked });
}

interface ReadCopy extends Plaintext {
  readonly content: PhoneContent | undefined;
}

async function decrypt(
  realm: Realm,
  { sender, copy }: PhoneDelivery,
): Promise<ReadCopy | undefined> {
  try {
    const pair = { phone: copy.target.number, companion: sender.jid };
    const plaintext = readPlaintext(await realm.signal.decrypt(pair, copy.encrypted));
    return { ...plaintext, content: contentOf(plaintext.message) };
  } catch {
    // Lost session, used key, foreign bytes: the phone cannot tell and asks again.
    return undefined;
  }
}

export interface Shown {
  readonly sender: DeviceRole;
  readonly id: string;
  readonly phone: string;
  /** Digits, or the JID of a group. */
  readonly chat: string;
  readonly message: proto.IMessage;
  readonly content: PhoneContent;
}

/** The phone shows it; true: it had it already. */
export function showOnPhone(realm: Realm, shown: Shown): boolean {
  const { sender, id, phone, chat, message, content } = shown;
  const { repeated } = realm.phones.receive(phone, {
    id,
    from: sender.number,
    to: chat,
    ...content,
    ...rawOf(message, content),
  });
  if (repeated) realm.counters.repeated += 1;
  realm.log.append(repeated ? "delivered" : "shown", {
    device: phone,
    id,
    from: sender.jid,
    to: chat,
    type: content.type,
    repeated,
  });
  return repeated;
}

/** Retry receipts so far; the phone gives up after a few. */
const asked = new WeakMap<Realm, Map<string, number>>();
const askedMost = 10_000;

export function askAgain(realm: Realm, facts: ArrivalFacts): void {
  const counts = asked.get(realm) ?? new Map<string, number>();
  asked.set(realm, counts);
  const key = `${facts.phone}/${facts.sender}/${facts.id}`;
  const count = (counts.get(key) ?? 0) + 1;
  if (count > realm.limits.retriesPerMessage) return;
  if (counts.size >= askedMost) counts.clear();
  counts.set(key, count);
  postReceipt(realm, facts, { type: "retry", content: retryContent(realm, facts, count) });
}

function retryContent(realm: Realm, { phone, id }: ArrivalFacts, count: number): BinaryNode[] {
  const bundle = el("keys", {}, phoneBundle(realm, phone));
  const registration = child(bundle, "registration") ?? el("registration", {}, uintBytes(0, 4));
  const retry = el("retry", { count, id, t: nowSeconds(), v: 1, error: 0 });
  // As clients do: the first time the sender is to fetch the keys itself.
  return count === 1 ? [retry, registration] : [retry, registration, bundle];
}

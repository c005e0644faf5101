import { randomBytes } from "node:crypto";
import { BadRequest } from "./bad-request.ts";
import { jidOf, type Companion } from "./directory.ts";
import { lidJid, pnJid, type Address } from "./jid.ts";
import { el, type BinaryNode } from "./node.ts";
import { writeCopy, writeText } from "./phone-text.ts";
import { takeOneTimeKey } from "./prekeys.ts";
import { issueToken } from "./privacy.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/** A person writes on a virtual phone. */
export interface Letter {
  /** Digits of the recipient. */
  readonly to: string;
  readonly text: string;
  /** Absent: a new one. */
  readonly id?: string | undefined;
}

/** Resolves when the message is on its way to, or kept for, every companion of the recipient. */
export async function sendFrom(
  realm: Realm,
  number: string,
  letter: Letter,
): Promise<{ id: string }> {
  const { to, text, id = randomBytes(16).toString("hex").toUpperCase() } = letter;
  if (!realm.phones.settings(to).on_whatsapp)
    throw new BadRequest("the recipient is not on WhatsApp", 422);
  realm.phones.receive(to, { id, from: number, to, type: "text", text });
  realm.log.append("shown", { device: to, id, from: number, to, type: "text" });
  if (to !== number) issueToken(realm, { issuer: number, holder: to });
  const copies = [
    ...(to === number ? [] : realm.directory.companionsOf(to)),
    // The writer's own companions learn what the phone wrote.
    ...realm.directory.companionsOf(number),
  ];
  await Promise.all(
    copies.map((companion) => post(realm, companion, { phone: number, to, text, id })),
  );
  return { id };
}

interface Outgoing {
  readonly phone: string;
  readonly to: string;
  readonly text: string;
  readonly id: string;
  /** Set on a resend. */
  readonly count?: number;
}

async function post(realm: Realm, companion: Companion, outgoing: Outgoing): Promise<void> {
  const { phone, to, text, id } = outgoing;
  const jid = jidOf(companion);
  const pair = { phone, companion: jid };
  if (outgoing.count !== undefined || !realm.signal.hasSession(pair)) {
    await realm.signal.begin(pair, companion, takeOneTimeKey(realm, companion));
  }
  const own = companion.number === phone;
  const plaintext = own ? writeCopy(text, pnJid(to)) : writeText(text);
  const { type, bytes } = await realm.signal.encrypt(pair, plaintext);
  const enc = el("enc", { v: 2, type, count: outgoing.count }, bytes);
  realm.outboxes.post(jid, stanza(outgoing, enc, own));
  realm.log.append("delivered", { device: jid, id, from: pnJid(phone) });
}

function stanza({ phone, to, id }: Outgoing, enc: BinaryNode, own: boolean): BinaryNode {
  const recipient = own ? { recipient: pnJid(to) } : {};
  const attrs = {
    from: pnJid(phone),
    id,
    type: "text",
    t: nowSeconds(),
    notify: `~${phone.slice(-4)}`,
    sender_lid: lidJid(phone),
  };
  return el("message", { ...attrs, ...recipient }, [enc]);
}

export interface RetryWish {
  readonly phone: Address;
  readonly companion: { readonly number: string; readonly device: number };
  readonly id: string;
  readonly count: number;
}

/** A companion could not decrypt: the phone makes a new session from a fresh bundle and sends the message again. */
export async function resendFrom(
  realm: Realm,
  { phone, companion: { number, device }, id, count }: RetryWish,
): Promise<void> {
  const companion = realm.directory.companion(number, device);
  if (companion === undefined || !(count <= realm.limits.retriesPerMessage)) return;
  const known = [...realm.phones.received(number), ...realm.phones.received(phone.number)];
  const written = known.find((message) => message.id === id && message.from === phone.number);
  if (written === undefined) return;
  await post(realm, companion, {
    phone: phone.number,
    to: written.to,
    text: written.text,
    id,
    count,
  });
}

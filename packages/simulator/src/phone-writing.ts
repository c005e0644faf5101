import { randomBytes } from "node:crypto";
import type { proto } from "@whiskeysockets/baileys";
import { BadRequest } from "./bad-request.ts";
import { compose, type Composed } from "./compose.ts";
import { jidOf, type Companion } from "./directory.ts";
import { isGroupJid } from "./group-jid.ts";
import { resendToGroup, writeToGroup } from "./group-writing.ts";
import { lidJid, pnJid, type Address } from "./jid.ts";
import type { Letter } from "./letter.ts";
import { el, type BinaryNode } from "./node.ts";
import { encryptFor } from "./phone-encryption.ts";
import { contentOf } from "./phone-content.ts";
import { messageOf, rawOf, writeCopy, writePlaintext } from "./plaintext.ts";
import { issueToken } from "./privacy.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/**
 * A person writes on a virtual phone. Resolves when the message is on its way to, or kept for, every companion of the
 * recipient.
 */
export async function sendFrom(
  realm: Realm,
  author: string,
  letter: Letter,
): Promise<{ id: string }> {
  const { to, id = randomBytes(16).toString("hex").toUpperCase() } = letter;
  if (isGroupJid(to)) return writeToGroup(realm, { author, group: to, letter, id });
  if (!realm.phones.settings(to).on_whatsapp)
    throw new BadRequest("the recipient is not on WhatsApp", 422);
  const composed = await compose(realm, { author, letter, space: "pn" });
  const content = contentOf(composed.message) ?? { type: "other", text: "" };
  const raw = rawOf(composed.message, content);
  const shown = { id, from: author, to, ...content, ...raw };
  realm.phones.receive(to, shown);
  if (to !== author) realm.phones.receive(author, shown);
  realm.log.append("shown", { device: to, id, from: author, to, type: content.type });
  if (to !== author) issueToken(realm, { issuer: author, holder: to });
  const copies = [
    ...(to === author ? [] : realm.directory.companionsOf(to)),
    // The writer's own companions learn what the phone wrote.
    ...realm.directory.companionsOf(author),
  ];
  await Promise.all(
    copies.map((companion) => post(realm, companion, { ...composed, phone: author, to, id })),
  );
  return { id };
}

interface Outgoing extends Composed {
  readonly phone: string;
  readonly to: string;
  readonly id: string;
  /** Set on a resend. */
  readonly count?: number;
}

async function post(realm: Realm, companion: Companion, outgoing: Outgoing): Promise<void> {
  const { phone, to, id, message, count } = outgoing;
  const own = companion.number === phone;
  const plaintext = own ? writeCopy(message, pnJid(to)) : writePlaintext(message);
  const enc = await encryptFor(realm, companion, { phone, plaintext, count });
  const asLid = !own && realm.phones.settings(phone).lid_addressed;
  realm.outboxes.post(jidOf(companion), stanza(outgoing, enc, { own, asLid }));
  realm.log.append("delivered", { device: jidOf(companion), id, from: pnJid(phone) });
}

function stanza(
  outgoing: Outgoing,
  enc: BinaryNode,
  { own, asLid }: { own: boolean; asLid: boolean },
): BinaryNode {
  const { phone, to, id, type, edit } = outgoing;
  const recipient = own ? { recipient: pnJid(to) } : {};
  const names = asLid
    ? { from: lidJid(phone), sender_pn: pnJid(phone), addressing_mode: "lid" }
    : { from: pnJid(phone), sender_lid: lidJid(phone) };
  const attrs = {
    ...names,
    id,
    type,
    edit,
    t: nowSeconds(),
    notify: `~${phone.slice(-4)}`,
  };
  return el("message", { ...attrs, ...recipient }, [enc]);
}

export interface RetryWish {
  readonly phone: Address;
  readonly companion: { readonly number: string; readonly device: number };
  readonly id: string;
  readonly count: number;
  /** The group it was written to. */
  readonly group?: string | undefined;
}

/** A companion could not decrypt: the phone makes a new session from a fresh bundle and sends the message again. */
export async function resendFrom(
  realm: Realm,
  { phone, companion: { number, device }, id, count, group }: RetryWish,
): Promise<void> {
  const companion = realm.directory.companion(number, device);
  if (companion === undefined || !(count <= realm.limits.retriesPerMessage)) return;
  const author = phone.number;
  const kept = [realm.phones.find(number, id), realm.phones.find(author, id)].find(
    (found) => found?.message.from === author,
  );
  if (kept === undefined) return;
  const message = messageOf(kept);
  if (group !== undefined)
    return resendToGroup(realm, companion, { author, group, message, id, count });
  const { to } = kept.message;
  await post(realm, companion, { phone: author, to, id, count, message, ...stanzaOf(message) });
}

/** What the stanza around a message says, from the message alone. */
function stanzaOf(message: proto.IMessage): Pick<Composed, "type" | "edit"> {
  const { type } = contentOf(message) ?? { type: "other" };
  if (type === "edit") return { type: "text", edit: "1" };
  if (type === "revoke") return { type: "text", edit: "7" };
  if (type === "text" || type === "reaction" || type === "poll") return { type };
  return { type: "media" };
}

import type { proto } from "@whiskeysockets/baileys";
import { BadRequest } from "./bad-request.ts";
import { compose, type Composed } from "./compose.ts";
import { jidOf, type Companion } from "./directory.ts";
import { jidIn, otherJid } from "./group-node.ts";
import type { GroupWriter } from "./group-signal.ts";
import { isAdmin, memberOf, type Group } from "./groups.ts";
import type { Letter } from "./letter.ts";
import { el, type BinaryNode } from "./node.ts";
import { encryptFor } from "./phone-encryption.ts";
import { contentOf } from "./phone-content.ts";
import { rawOf, writePlaintext } from "./plaintext.ts";
import { nowSeconds, type Realm } from "./realm.ts";

export interface GroupLetter {
  /** Digits of who writes. */
  readonly author: string;
  /** JID. */
  readonly group: string;
  readonly letter: Letter;
  readonly id: string;
}

/** A person writes on a phone to a group: all members' phones show it, their companions get it by the phone's sender key. */
export async function writeToGroup(
  realm: Realm,
  { author, group: jid, letter, id }: GroupLetter,
): Promise<{ id: string }> {
  const group = realm.groups.get(jid);
  if (group === undefined) throw new BadRequest("no such group", 404);
  if (memberOf(group, author) === undefined)
    throw new BadRequest("the phone is not in this group", 403);
  if (group.announce && !isAdmin(group, author))
    throw new BadRequest("only admins may write to this group", 403);
  const composed = await compose(realm, { author, letter, space: group.mode });
  showToMembers(realm, group, { author, id, message: composed.message });
  const writer = realm.groupSignal.writer(author, jid);
  const key = keyMessage(jid, writer);
  const sealed = writer.encrypt(writePlaintext(composed.message));
  const enc = el("enc", { v: 2, type: "skmsg" }, sealed);
  const companions = group.members.flatMap(({ number }) => realm.directory.companionsOf(number));
  for (const companion of companions) {
    const known = writer.knownTo.has(jidOf(companion));
    // eslint-disable-next-line no-await-in-loop -- one session after the other
    const handed = known
      ? []
      : [await encryptFor(realm, companion, { phone: author, plaintext: key })];
    writer.knownTo.add(jidOf(companion));
    const node = stanza(group, { author, id, ...composed, parts: [...handed, enc] });
    postTo(realm, companion, node);
  }
  return { id };
}

function showToMembers(
  realm: Realm,
  group: Group,
  { author, id, message }: { author: string; id: string; message: proto.IMessage },
): void {
  const content = contentOf(message) ?? { type: "other" as const, text: "" };
  const raw = rawOf(message, content);
  for (const { number } of group.members) {
    if (!realm.phones.settings(number).on_whatsapp) continue;
    realm.phones.receive(number, { id, from: author, to: group.jid, ...content, ...raw });
    const facts = { device: number, id, from: author, to: group.jid, type: content.type };
    realm.log.append("shown", facts);
  }
}

const keyMessage = (groupId: string, writer: GroupWriter): Buffer =>
  writePlaintext({ senderKeyDistributionMessage: keyOf(groupId, writer) });

const keyOf = (groupId: string, writer: GroupWriter) => ({
  groupId,
  axolotlSenderKeyDistributionMessage: writer.distribution(),
});

interface GroupStanza extends Pick<Composed, "type" | "edit"> {
  readonly author: string;
  readonly id: string;
  readonly parts: BinaryNode[];
}

function stanza(group: Group, { author, id, type, edit, parts }: GroupStanza): BinaryNode {
  const { mode } = group;
  const attrs = {
    from: group.jid,
    participant: jidIn(mode, author),
    ...otherJid(mode, author, { pn: "participant_pn", lid: "participant_lid" }),
    addressing_mode: mode,
    id,
    type,
    edit,
    t: nowSeconds(),
    notify: `~${author.slice(-4)}`,
  };
  return el("message", attrs, parts);
}

function postTo(realm: Realm, companion: Companion, node: BinaryNode): void {
  const device = jidOf(companion);
  realm.outboxes.post(device, node);
  const { id = "", participant = "", from = "" } = node.attrs;
  realm.log.append("delivered", { device, id, from: participant, to: from });
}

export interface GroupResend {
  readonly author: string;
  readonly group: string;
  readonly message: proto.IMessage;
  readonly id: string;
  readonly count: number;
}

/** To one companion that could not read it: pairwise, with the phone's sender key beside it. */
export async function resendToGroup(
  realm: Realm,
  companion: Companion,
  { author, group: jid, message, id, count }: GroupResend,
): Promise<void> {
  const group = realm.groups.get(jid);
  if (group === undefined || memberOf(group, companion.number) === undefined) return;
  const writer = realm.groupSignal.writer(author, jid);
  const plaintext = writePlaintext({
    ...message,
    senderKeyDistributionMessage: keyOf(jid, writer),
  });
  const enc = await encryptFor(realm, companion, { phone: author, plaintext, count });
  writer.knownTo.add(jidOf(companion));
  postTo(realm, companion, stanza(group, { author, id, type: "text", parts: [enc] }));
}

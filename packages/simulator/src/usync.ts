import { signKeyIndexes } from "./device-identity.ts";
import { IqError, type IqCall } from "./iq-call.ts";
import { formatJid, lidJid, parseJid, parseNumber, pnJid, type Address } from "./jid.ts";
import { child, children, el, textOf, type BinaryNode } from "./node.ts";
import type { Realm } from "./realm.ts";

/** Who has which devices, which LID, and is on WhatsApp at all. Only what the query asks for is answered. */
type Protocol = (realm: Realm, user: AskedUser) => BinaryNode | undefined;

interface AskedUser {
  readonly address: Address;
  readonly registered: boolean;
  /** The number as the client wrote it, for `contact`. */
  readonly contact?: string;
}

const protocols = new Map<string, Protocol>(
  Object.entries({
    contact: (_realm, { contact, registered, address }) =>
      el(
        "contact",
        { type: registered ? "in" : "out" },
        Buffer.from(contact ?? `+${address.number}`),
      ),
    devices: (realm, user) => (user.registered ? devices(realm, user.address.number) : undefined),
    // A LID's own LID is refused by the client as an invalid mapping.
    lid: (_realm, { address, registered }) =>
      registered && address.space === "pn" ? el("lid", { val: lidJid(address.number) }) : undefined,
  } satisfies Record<string, Protocol>),
);

export function answerUsync({ realm, operation }: IqCall): BinaryNode[] {
  const asked = children(child(operation, "query")).map(({ tag }) => tag);
  const list = child(operation, "list");
  if (list === undefined) throw new IqError(400, "bad-request");
  const users = new Map<string, BinaryNode>();
  for (const node of children(list, "user")) {
    const user = readUser(realm, node);
    // Not registered: left out of a device query, and said so in a contact query.
    if (user === undefined || (!user.registered && !asked.includes("contact"))) continue;
    const jid = formatJid({ ...user.address, device: 0 });
    const answers = asked
      .map((tag) => protocols.get(tag)?.(realm, user))
      .filter((answer) => answer !== undefined);
    users.set(jid, el("user", { jid }, answers));
  }
  const { sid, mode, context } = operation.attrs;
  const answer = [
    el(
      "result",
      {},
      asked.map((tag) => el(tag)),
    ),
    el("list", {}, [...users.values()]),
  ];
  return [el("usync", { sid, mode, context, index: 0, last: "true" }, answer)];
}

function readUser(realm: Realm, node: BinaryNode): AskedUser | undefined {
  const contact = textOf(child(node, "contact"));
  const number = contact === undefined ? undefined : parseNumber(contact);
  const address =
    parseJid(node.attrs["jid"]) ?? parseJid(number === undefined ? undefined : pnJid(number));
  if (address === undefined) return undefined;
  const registered = realm.phones.settings(address.number).on_whatsapp;
  return { address, registered, ...(contact === undefined ? {} : { contact }) };
}

function devices(realm: Realm, number: string): BinaryNode {
  const companions = realm.directory.companionsOf(number);
  const list = [
    el("device", { id: 0 }),
    ...companions.map(({ device, keyIndex }) =>
      el("device", { id: device, "key-index": keyIndex }),
    ),
  ];
  const hash = `2:${companions.map(({ device }) => device).join(".")}`;
  const content = [el("device-list", { hash }, list)];
  if (companions.length > 0) content.push(keyIndexList(realm, number));
  return el("devices", {}, content);
}

/** The signed list of an account costs milliseconds; it is made again only after a change. */
const signedLists = new WeakMap<object, BinaryNode>();

function keyIndexList(realm: Realm, number: string): BinaryNode {
  const account = realm.directory.account(number);
  const known = signedLists.get(account);
  if (known !== undefined) return known;
  const signed = signKeyIndexes(realm.keyRing(number), {
    rawId: account.rawId,
    timestamp: account.changedAt,
    current: account.lastKeyIndex,
    valid: [0, ...realm.directory.companionsOf(number).map(({ keyIndex }) => keyIndex)],
  });
  const node = el("key-index-list", { ts: account.changedAt }, signed);
  signedLists.set(account, node);
  return node;
}

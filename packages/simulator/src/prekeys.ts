import type { Companion, PreKey } from "./directory.ts";
import { jidOf } from "./directory.ts";
import { rawKey } from "./device-identity.ts";
import { IqError, type IqCall } from "./iq-call.ts";
import { parseJid, SERVER_JID } from "./jid.ts";
import { bytesOfLength, child, children, el, uintBytes, uintOf, type BinaryNode } from "./node.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/** The key server: companions upload one-time prekeys, peers fetch bundles. Virtual phones have theirs from the ring. */
const keyType = Buffer.from([5]);

function own({ realm, role }: IqCall): Companion {
  const companion = realm.directory.companion(role.number, role.device);
  if (companion === undefined) throw new IqError(401, "not-authorized");
  return companion;
}

export function countPreKeys(call: IqCall): BinaryNode[] {
  return [el("count", { value: call.realm.directory.preKeys(own(call)).count() })];
}

export function digestKeys(call: IqCall): BinaryNode[] {
  const companion = own(call);
  return [
    el("digest", {}, [
      el("registration", {}, uintBytes(companion.registrationId, 4)),
      el("type", {}, keyType),
    ]),
  ];
}

export function takePreKeys(call: IqCall): BinaryNode[] {
  const companion = own(call);
  const keys = children(child(call.iq, "list"), "key").map(readPreKey);
  const signed = child(call.iq, "skey");
  if (signed !== undefined)
    call.realm.directory.update({ ...companion, signedPreKey: readSignedPreKey(signed) });
  call.realm.directory.preKeys(companion).add(keys);
  return [];
}

export function rotateSignedPreKey(call: IqCall): BinaryNode[] {
  const signed = child(call.operation, "skey");
  if (signed === undefined) throw new IqError(400, "bad-request");
  call.realm.directory.update({ ...own(call), signedPreKey: readSignedPreKey(signed) });
  return [];
}

function readPreKey(node: BinaryNode): PreKey {
  const id = uintOf(child(node, "id"));
  const value = bytesOfLength(child(node, "value"), 32);
  if (id === undefined || value === undefined) throw new IqError(400, "bad-request");
  return { id, value: value.toString("base64") };
}

function readSignedPreKey(node: BinaryNode): PreKey & { signature: string } {
  const signature = bytesOfLength(child(node, "signature"), 64);
  if (signature === undefined) throw new IqError(400, "bad-request");
  return { ...readPreKey(node), signature: signature.toString("base64") };
}

/** Bundles in the order asked, each under the JID exactly as asked. */
export function giveBundles({ realm, operation }: IqCall): BinaryNode[] {
  const users = children(operation, "user").map((user) => {
    const jid = user.attrs["jid"];
    const bundle = bundleOf(realm, jid);
    if (bundle === undefined)
      return el("user", { jid }, [el("error", { code: 404, text: "item-not-found" })]);
    return el("user", { jid, t: nowSeconds() }, bundle);
  });
  return [el("list", {}, users)];
}

function bundleOf(realm: Realm, jid: string | undefined): BinaryNode[] | undefined {
  const address = parseJid(jid);
  if (address === undefined) return undefined;
  if (address.device === 0)
    return realm.phones.settings(address.number).on_whatsapp
      ? phoneBundle(realm, address.number)
      : undefined;
  const companion = realm.directory.companion(address.number, address.device);
  if (companion === undefined) return undefined;
  return companionBundle(companion, takeOneTimeKey(realm, companion));
}

/** What the key server holds of a companion. */
export interface KeyStock {
  readonly prekeys: number;
  readonly signed_prekey_id: number;
}

export function keyStockOf(realm: Realm, companion: Companion): KeyStock {
  return {
    prekeys: realm.directory.preKeys(companion).count(),
    signed_prekey_id: companion.signedPreKey.id,
  };
}

/** Takes one-time keys until so many are left, as if that many strangers had written; asks for more like they do. */
export function spendPreKeys(realm: Realm, companion: Companion, left: number): void {
  while (realm.directory.preKeys(companion).count() > left) takeOneTimeKey(realm, companion);
}

/** Takes a one-time key and asks the companion for more when few are left. */
export function takeOneTimeKey(realm: Realm, companion: Companion): PreKey | undefined {
  const store = realm.directory.preKeys(companion);
  const key = store.take();
  const left = store.count();
  if (left === realm.limits.preKeysLow - 1) askForPreKeys(realm, jidOf(companion), left);
  return key;
}

function askForPreKeys(realm: Realm, jid: string, left: number): void {
  const attrs = {
    from: SERVER_JID,
    type: "encrypt",
    id: `prekeys-${nowSeconds()}-${left}`,
    t: nowSeconds(),
  };
  realm.outboxes.post(jid, el("notification", attrs, [el("count", { value: left })]));
  realm.log.append("notification", { device: jid, type: "encrypt" });
}

/** The prekey bundle of a virtual phone, as served to clients. */
export function phoneBundle(realm: Realm, number: string): BinaryNode[] {
  const keys = realm.keyRing(number);
  return [
    el("registration", {}, uintBytes(keys.registrationId, 4)),
    el("type", {}, keyType),
    el("identity", {}, rawKey(keys.identity.pubKey)),
    el("skey", {}, [
      el("id", {}, uintBytes(keys.signedPreKey.id, 3)),
      el("value", {}, rawKey(keys.signedPreKey.pubKey)),
      el("signature", {}, keys.signedPreKey.signature),
    ]),
  ];
}

function companionBundle(companion: Companion, oneTime: PreKey | undefined): BinaryNode[] {
  const { signedPreKey } = companion;
  const nodes = [
    el("registration", {}, uintBytes(companion.registrationId, 4)),
    el("type", {}, keyType),
    el("identity", {}, bytes(companion.identity)),
    el("skey", {}, [
      el("id", {}, uintBytes(signedPreKey.id, 3)),
      el("value", {}, bytes(signedPreKey.value)),
      el("signature", {}, bytes(signedPreKey.signature)),
    ]),
  ];
  if (oneTime !== undefined) {
    nodes.push(
      el("key", {}, [
        el("id", {}, uintBytes(oneTime.id, 3)),
        el("value", {}, bytes(oneTime.value)),
      ]),
    );
  }
  return [...nodes, el("device-identity", {}, bytes(companion.signedIdentity))];
}

const bytes = (text: string): Buffer => Buffer.from(text, "base64");

import { BadRequest } from "./bad-request.ts";
import { ProtocolError, type Connection, type Registration } from "./connection.ts";
import { countersign, sealDevice, signDevice } from "./device-identity.ts";
import { announceDevice } from "./device-list.ts";
import type { Companion } from "./directory.ts";
import { streamError } from "./endings.ts";
import { lidJid, pnJid, SERVER_JID } from "./jid.ts";
import { bytesOf, child, el, type BinaryNode } from "./node.ts";
import type { Linked, PendingLink } from "./pairings.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/**
 * The last steps of both ways of pairing: the phone signs the companion in, the companion countersigns, and the server
 * asks it to come again (515) as a device.
 */
export interface LinkWish {
  readonly connection: Connection;
  readonly registration: Registration;
  readonly number: string;
  readonly advSecret: Uint8Array;
}

export async function link(realm: Realm, wish: LinkWish): Promise<Linked> {
  const { connection, registration, number, advSecret } = wish;
  const seat = realm.directory.nextSeat(number);
  if (seat === undefined) throw new BadRequest("this number has no room for another device", 409);
  const { rawId } = realm.directory.account(number);
  const claim = {
    rawId,
    keyIndex: seat.keyIndex,
    timestamp: nowSeconds(),
    companionIdentity: registration.identity,
  };
  const signed = signDevice(realm.keyRing(number), claim);
  const id = `pair-${connection.id}`;
  const { promise, resolve, reject } = Promise.withResolvers<Linked>();
  realm.pairings.begin({
    connection,
    id,
    signed,
    seat: { number, ...seat },
    done: resolve,
    fail: reject,
  });
  connection.send(
    pairSuccess({ id, number, device: seat.device, identity: sealDevice(signed, advSecret) }),
  );
  return answerInTime(realm, promise);
}

/** Fails with 504 when the client does not do its part. */
export async function answerInTime<T>(realm: Realm, answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cancel = realm.timers.after(realm.limits.pairingMs, () =>
    reject(new BadRequest("the client did not finish the pairing in time", 504)),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}

interface PairSuccess {
  readonly id: string;
  readonly number: string;
  readonly device: number;
  readonly identity: Uint8Array;
}

function pairSuccess({ id, number, device, identity }: PairSuccess): BinaryNode {
  const content = el("pair-success", {}, [
    el("device-identity", {}, identity),
    el("device", { jid: pnJid(number, device), lid: lidJid(number, device) }),
    // The client takes this for its owner's name; without a name it never says that it is available, and then its
    // receipts are all of type `inactive`.
    el("biz", { name: `Phone ${number.slice(-4)}` }),
    el("platform", { name: "android" }),
  ]);
  return el("iq", { from: SERVER_JID, type: "set", id, xmlns: "md" }, [content]);
}

/** The client's answers to `<pair-device>` and `<pair-success>`. */
export function takePairingResult(realm: Realm, connection: Connection, node: BinaryNode): void {
  const pending = realm.pairings.linkOf(connection);
  const sign = child(child(node, "pair-device-sign"), "device-identity");
  if (pending === undefined || node.attrs["id"] !== pending.id || sign === undefined) return;
  if (connection.role.kind !== "pairing") return;
  const { registration } = connection.role;
  const full = countersign(pending.signed, bytesOf(sign) ?? Buffer.alloc(0), registration.identity);
  if (full === undefined) throw new ProtocolError("wrong device signature");
  settleLink(realm, pending, { registration, full });
}

function settleLink(
  realm: Realm,
  { connection, seat, done }: PendingLink,
  { registration, full }: { registration: Registration; full: Uint8Array },
): void {
  const { id, value, signature } = registration.signedPreKey;
  const companion: Companion = {
    ...seat,
    noiseKey: registration.noiseKey.toString("base64"),
    identity: registration.identity.toString("base64"),
    registrationId: registration.registrationId,
    signedPreKey: { id, value: value.toString("base64"), signature: signature.toString("base64") },
    signedIdentity: Buffer.from(full).toString("base64"),
  };
  realm.directory.admit(companion);
  announceDevice(realm, "add", companion);
  const jid = pnJid(seat.number, seat.device);
  realm.log.append("paired", { device: jid });
  done({ phone: seat.number, jid, lid: lidJid(seat.number, seat.device), device: seat.device });
  connection.end("paired", streamError(515));
}

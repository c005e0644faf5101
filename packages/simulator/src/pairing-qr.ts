import { randomBytes } from "node:crypto";
import { BadRequest } from "./bad-request.ts";
import type { Connection, Registration } from "./connection.ts";
import { SERVER_JID } from "./jid.ts";
import { link } from "./link.ts";
import { askForPasskey } from "./passkey.ts";
import { el } from "./node.ts";
import type { Linked } from "./pairings.ts";
import type { Realm } from "./realm.ts";

/** What a QR code says: `…#ref,noise key,identity key,adv secret,platform`, keys in base64. */
export interface QrText {
  readonly ref: string;
  readonly noiseKey: Buffer;
  readonly identity: Buffer;
  readonly advSecret: Buffer;
}

export function parseQr(text: string): QrText | undefined {
  const [ref = "", ...rest] = text
    .slice(text.indexOf("#") + 1)
    .trim()
    .split(",");
  const [noiseKey, identity, advSecret] = rest.map((part) => Buffer.from(part, "base64"));
  const whole = [noiseKey, identity, advSecret].every((key) => key?.length === 32);
  if (ref === "" || !whole || !noiseKey || !identity || !advSecret) return undefined;
  return { ref, noiseKey, identity, advSecret };
}

/** Offers the refs from which the client makes its QR codes, one after the other. */
export function offerPairing(
  realm: Realm,
  connection: Connection,
  registration: Registration,
): void {
  const refs = Array.from(
    { length: realm.limits.qrRefs },
    () => `2@${randomBytes(48).toString("base64url")}`,
  );
  realm.pairings.offer({ connection, registration, refs });
  const offer = el(
    "pair-device",
    {},
    refs.map((ref) => el("ref", {}, Buffer.from(ref))),
  );
  connection.send(
    el("iq", { from: SERVER_JID, type: "set", id: `qr-${connection.id}`, xmlns: "md" }, [offer]),
  );
}

/** The phone of `number` scans a QR code. Resolves when the client has signed and may log in. */
export async function scanQr(realm: Realm, text: string, number: string): Promise<Linked> {
  const qr = parseQr(text);
  if (qr === undefined) throw new BadRequest("this is not the text of a linking QR code");
  const pairing = realm.pairings.byRef(qr.ref);
  if (pairing === undefined)
    throw new BadRequest(
      "no client waits for this QR code (expired, used or from another server)",
      404,
    );
  const { connection, registration } = pairing;
  if (!qr.noiseKey.equals(registration.noiseKey) || !qr.identity.equals(registration.identity)) {
    throw new BadRequest("the keys in this QR code are not those of the client that shows it", 422);
  }
  if (realm.pairings.linkOf(connection) !== undefined)
    throw new BadRequest("this QR code is being used already", 409);
  if (realm.phones.settings(number).passkey) askForPasskey(realm, connection);
  return link(realm, { connection, registration, number, advSecret: qr.advSecret });
}

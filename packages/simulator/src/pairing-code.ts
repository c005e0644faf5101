import { createCipheriv, createDecipheriv, hkdfSync, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { Curve } from "@whiskeysockets/baileys";
import { BadRequest } from "./bad-request.ts";
import type { Connection } from "./connection.ts";
import { rawKey } from "./device-identity.ts";
import { parseJid, pnJid, SERVER_JID } from "./jid.ts";
import { answerInTime, link } from "./link.ts";
import { askForPasskey } from "./passkey.ts";
import { bytesOf, bytesOfLength, child, el, type BinaryNode } from "./node.ts";
import type { CodeExchange, CodePairing, Linked } from "./pairings.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/**
 * Pairing by an eight-character code, which is the password of a key exchange:
 *
 *   companion_hello   client → server: its ephemeral key, encrypted with the code
 *   primary_hello     phone → client: the phone's ephemeral key, encrypted with the code, and its identity
 *   companion_finish  client → phone: both identities and a random, encrypted with the shared secret
 *
 * Neither side can tell a wrong code before companion_finish fails to decrypt.
 */
const saltBytes = 32;
const ivBytes = 16;
const iterations = 2 << 16;
const wrappedBytes = saltBytes + ivBytes + 32;
const bundleInfo = "link_code_pairing_key_bundle_encryption_key";
const stretch = promisify(pbkdf2);

/** Letters the client writes for the ones that are easily confused. */
export const cleanCode = (code: string): string => code.replaceAll(/[\s-]/g, "").toUpperCase();

const codeKey = (code: string, salt: Buffer): Promise<Buffer> =>
  stretch(code, salt, iterations, 32, "sha256");

/** salt 32 || iv 16 || AES-256-CTR(key), under a key stretched from the code. */
export async function wrapEphemeral(publicKey: Uint8Array, code: string): Promise<Buffer> {
  const salt = randomBytes(saltBytes);
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-ctr", await codeKey(code, salt), iv);
  return Buffer.concat([salt, iv, cipher.update(publicKey), cipher.final()]);
}

export async function unwrapEphemeral(wrapped: Buffer, code: string): Promise<Buffer> {
  const salt = wrapped.subarray(0, saltBytes);
  const iv = wrapped.subarray(saltBytes, saltBytes + ivBytes);
  const decipher = createDecipheriv("aes-256-ctr", await codeKey(code, salt), iv);
  return Buffer.concat([decipher.update(wrapped.subarray(saltBytes + ivBytes)), decipher.final()]);
}

/** `companion_hello` and `companion_finish`: the client's side of the exchange. */
export function takeLinkCode(
  realm: Realm,
  connection: Connection,
  node: BinaryNode,
): BinaryNode[] | Promise<BinaryNode[]> {
  return node.attrs["stage"] === "companion_finish"
    ? takeFinish(realm, connection, node)
    : takeHello(realm, connection, node);
}

function takeHello(realm: Realm, connection: Connection, node: BinaryNode): BinaryNode[] {
  const number = parseJid(node.attrs["jid"])?.number;
  const wrapped = bytesOfLength(
    child(node, "link_code_pairing_wrapped_companion_ephemeral_pub"),
    wrappedBytes,
  );
  if (connection.role.kind !== "pairing" || number === undefined || wrapped === undefined) {
    throw new BadRequest("incomplete companion_hello");
  }
  const ref = randomBytes(16).toString("hex");
  const { registration } = connection.role;
  realm.pairings.expectCode({ connection, registration, number, wrappedEphemeral: wrapped, ref });
  return [
    el("link_code_companion_reg", { stage: "companion_hello" }, [
      el("link_code_pairing_ref", {}, Buffer.from(ref)),
    ]),
  ];
}

/** The phone of `number` enters a code. Resolves when the client has signed and may log in. */
export async function enterCode(realm: Realm, number: string, code: string): Promise<Linked> {
  const pairing = realm.pairings.byNumber(number) ?? (await expected(realm, number));
  if (pairing === undefined) throw new BadRequest("no client waits for a code on this number", 404);
  if (pairing.exchange !== undefined)
    throw new BadRequest("a code is being tried on this number already", 409);
  const clean = cleanCode(code);
  if (!/^[0-9A-Z]{8}$/.test(clean))
    throw new BadRequest("a pairing code has eight letters and digits", 404);
  if (realm.phones.settings(number).passkey) askForPasskey(realm, pairing.connection);
  const ephemeral = Curve.generateKeyPair();
  const companionEphemeral = await unwrapEphemeral(pairing.wrappedEphemeral, clean);
  const wrapped = await wrapEphemeral(ephemeral.public, clean);
  const { promise, resolve, reject } = Promise.withResolvers<Linked>();
  pairing.exchange = {
    ephemeralPrivate: ephemeral.private,
    companionEphemeral,
    done: resolve,
    fail: reject,
  };
  pairing.connection.send(primaryHello(realm, pairing, wrapped));
  try {
    return await answerInTime(realm, promise);
  } finally {
    delete pairing.exchange;
  }
}

function expected(realm: Realm, number: string): Promise<CodePairing | undefined> {
  const { promise, resolve } = Promise.withResolvers<CodePairing | undefined>();
  const cancel = realm.timers.after(realm.limits.codeGraceMs, () => resolve(undefined));
  const stop = realm.pairings.onCodeExpected((pairing) => {
    if (pairing.number === number) resolve(pairing);
  });
  return promise.finally(() => {
    stop();
    cancel();
  });
}

function primaryHello(realm: Realm, { number, ref }: CodePairing, wrapped: Buffer): BinaryNode {
  const content = el("link_code_companion_reg", { stage: "primary_hello" }, [
    el("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
    el("primary_identity_pub", {}, rawKey(realm.keyRing(number).identity.pubKey)),
    el("link_code_pairing_ref", {}, Buffer.from(ref)),
  ]);
  const attrs = {
    from: SERVER_JID,
    type: "link_code_companion_reg",
    id: `code-${ref}`,
    t: nowSeconds(),
  };
  return el("notification", attrs, [content]);
}

async function takeFinish(
  realm: Realm,
  connection: Connection,
  node: BinaryNode,
): Promise<BinaryNode[]> {
  const pairing = realm.pairings.codeOf(connection);
  const exchange = pairing?.exchange;
  const ref = bytesOf(child(node, "link_code_pairing_ref"))?.toString();
  if (pairing === undefined || exchange === undefined || ref !== pairing.ref)
    throw new BadRequest("no exchange under way");
  const bundle = bytesOf(child(node, "link_code_pairing_wrapped_key_bundle")) ?? Buffer.alloc(0);
  const identity = realm.keyRing(pairing.number).identity;
  const advSecret = openBundle({
    bundle,
    exchange,
    identity,
    companionIdentity: pairing.registration.identity,
  });
  if (advSecret === undefined) {
    const mismatch = new BadRequest(
      `the code does not fit the one shown for ${pnJid(pairing.number)}`,
      404,
    );
    exchange.fail(mismatch);
    throw mismatch;
  }
  const { registration, number } = pairing;
  // Linked after this answer is out: the client expects the answer before <pair-success>.
  realm.timers.after(0, () => {
    link(realm, { connection, registration, number, advSecret }).then(exchange.done, exchange.fail);
  });
  return [];
}

interface Bundle {
  readonly bundle: Buffer;
  readonly exchange: CodeExchange;
  readonly identity: { readonly pubKey: Buffer; readonly privKey: Buffer };
  readonly companionIdentity: Buffer;
}

/** The ADV secret both sides now share, or undefined when the code was wrong. */
export function openBundle({
  bundle,
  exchange,
  identity,
  companionIdentity,
}: Bundle): Buffer | undefined {
  const [salt, iv, sealed] = [bundle.subarray(0, 32), bundle.subarray(32, 44), bundle.subarray(44)];
  try {
    const shared = Curve.sharedKey(
      Buffer.from(exchange.ephemeralPrivate),
      exchange.companionEphemeral,
    );
    const key = Buffer.from(hkdfSync("sha256", shared, salt, bundleInfo, 32));
    const decipher = createDecipheriv("aes-256-gcm", key, iv).setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    const random = plain.subarray(64);
    const theirs =
      plain.subarray(0, 32).equals(companionIdentity) &&
      plain.subarray(32, 64).equals(rawKey(identity.pubKey));
    if (!theirs || random.length !== 32) return undefined;
    const secret = Buffer.concat([
      shared,
      Curve.sharedKey(identity.privKey, companionIdentity),
      random,
    ]);
    return Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), "adv_secret", 32));
  } catch {
    // Whatever is wrong with it, it was not made with this code.
    return undefined;
  }
}

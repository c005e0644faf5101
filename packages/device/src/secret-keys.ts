import crypto, { createSecretKey } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

let wrapped = false;

/**
 * Node 24 finds out that the key of a cipher or an HMAC is bytes by two exceptions that it throws and catches: measured, 26 µs a call,
 * 4 µs when the bytes are made a KeyObject first. Baileys and libsignal give bytes, some thirty times a message. From here on
 * bytes become a KeyObject, for the whole process; what is computed is the same.
 */
export function wrapSecretKeys(): void {
  if (wrapped) return;
  wrapped = true;
  const { createHmac, createCipheriv, createDecipheriv } = crypto;
  Object.assign(crypto, {
    createHmac: withKeyObject(createHmac),
    createCipheriv: withKeyObject(createCipheriv),
    createDecipheriv: withKeyObject(createDecipheriv),
  });
  syncBuiltinESMExports();
}

type Keyed = (algorithm: never, key: never, ...rest: never[]) => unknown;

function withKeyObject<Create extends Keyed>(create: Create): Create {
  const call = create as unknown as (
    algorithm: string,
    key: unknown,
    ...rest: unknown[]
  ) => unknown;
  const better = (algorithm: string, key: unknown, ...rest: unknown[]): unknown =>
    call(algorithm, key instanceof Uint8Array ? createSecretKey(key) : key, ...rest);
  return better as unknown as Create;
}

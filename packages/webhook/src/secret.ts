const PREFIX = "whsec_";
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;
/** As the specification has it. */
const [FEWEST_BYTES, MOST_BYTES] = [24, 64];

/** @param bytes 24 to 64 random bytes */
export function mintSecret(bytes: Uint8Array): string {
  return PREFIX + Buffer.from(bytes).toString("base64");
}

/** `whsec_` and 24 to 64 bytes in base64. */
export function isSecret(text: string): boolean {
  if (!SECRET.test(text)) return false;
  const bytes = keyOf(text).length;
  return bytes >= FEWEST_BYTES && bytes <= MOST_BYTES;
}

/** The bytes of a secret. */
export function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), "base64");
}

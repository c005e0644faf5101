import { jidOf, type Companion } from "./directory.ts";
import { el, type BinaryNode } from "./node.ts";
import { takeOneTimeKey } from "./prekeys.ts";
import type { Realm } from "./realm.ts";

export interface PhonePlaintext {
  /** Digits of the phone that writes. */
  readonly phone: string;
  /** Padded. */
  readonly plaintext: Buffer;
  /** Set on a resend, which begins a new session. */
  readonly count?: number | undefined;
}

/** Encrypts for one companion, beginning a session when there is none. */
export async function encryptFor(
  realm: Realm,
  companion: Companion,
  { phone, plaintext, count }: PhonePlaintext,
): Promise<BinaryNode> {
  const pair = { phone, companion: jidOf(companion) };
  if (count !== undefined || !realm.signal.hasSession(pair))
    await realm.signal.begin(pair, companion, takeOneTimeKey(realm, companion));
  const { type, bytes } = await realm.signal.encrypt(pair, plaintext);
  return el("enc", { v: 2, type, count }, bytes);
}

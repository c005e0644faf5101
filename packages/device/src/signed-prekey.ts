import {
  type AuthenticationCreds,
  S_WHATSAPP_NET,
  type SignedKeyPair,
  signedKeyPair,
  type WASocket,
  xmppSignedPreKey,
} from "@whiskeysockets/baileys";
import { NoAnswerError } from "./prekey-upload.ts";

/** Kept in the creds document, where Baileys leaves room for its users. */
interface Rotation {
  /** When the key in use was taken into use; ms since the epoch. */
  readonly at: number;
  /** WhatsApp may have this one already, or not. */
  readonly next?: SignedKeyPair;
}

/** When the signed prekey is due to be replaced: at once when a replacement was begun and not finished. */
export function rotationDueAt(creds: AuthenticationCreds, everyMs: number): number {
  const rotation = rotationOf(creds);
  if (rotation === undefined) return Number.POSITIVE_INFINITY;
  return rotation.next === undefined ? rotation.at + everyMs : rotation.at;
}

/** From now on the age of the key is known: a key that has no age yet counts as new. */
export function noteSignedPreKey(wa: WASocket, now: number): void {
  if (rotationOf(wa.authState.creds) === undefined) note(wa, { at: now });
}

/**
 * Replaces the signed prekey. The new one is in the store before WhatsApp hears of it and in use once WhatsApp has confirmed it; whatever
 * dies in between offers the same key again. (Baileys' own rotation takes a timeout for an answer, and stores the key afterwards.)
 */
export async function rotateSignedPreKey(
  wa: WASocket,
  { settled, now }: { readonly settled: () => Promise<void>; readonly now: number },
): Promise<void> {
  const { creds } = wa.authState;
  const { at = now, next = followerOf(creds) } = rotationOf(creds) ?? {};
  note(wa, { at, next });
  await settled();
  const answer: unknown = await wa.query({
    tag: "iq",
    attrs: { to: S_WHATSAPP_NET, type: "set", xmlns: "encrypt" },
    content: [{ tag: "rotate", attrs: {}, content: [xmppSignedPreKey(next)] }],
  });
  if (answer === undefined) throw new NoAnswerError("WhatsApp did not confirm the key");
  note(wa, { at: now }, { signedPreKey: next });
}

function followerOf({ signedIdentityKey, signedPreKey }: AuthenticationCreds): SignedKeyPair {
  return signedKeyPair(signedIdentityKey, signedPreKey.keyId + 1);
}

function rotationOf(creds: AuthenticationCreds): Rotation | undefined {
  return (creds.additionalData as { readonly signedPreKey?: Rotation } | undefined)?.signedPreKey;
}

function note(
  wa: WASocket,
  rotation: Rotation,
  inUse: Pick<Partial<AuthenticationCreds>, "signedPreKey"> = {},
): void {
  wa.ev.emit("creds.update", { ...inUse, additionalData: { signedPreKey: rotation } });
}

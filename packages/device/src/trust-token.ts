/**
 * Trust ("tc") tokens as Baileys keeps them: the token that a contact gave us, and when we last gave it ours.
 *
 * Baileys gives ours after a message and notes it in the transaction of that message, which is over by then: the note is lost, and
 * the token is given again with every message, one query each. So we note it ourselves. WhatsApp Web gives it once in a bucket of
 * seven days; a giving that fails is made up for in the next one.
 */
export interface TrustEntry {
  readonly token?: Uint8Array;
  /** Unix seconds, as WhatsApp said them. */
  readonly timestamp?: string | number;
  /** When we gave ours; Unix seconds. */
  readonly senderTimestamp?: number;
}

const BUCKET_S = 604_800;
/** Baileys drops a contact's token at the end of the fourth bucket. */
const KEPT_MS = 4 * BUCKET_S * 1_000;

/** The entry after our token was given at `now` (ms); undefined: given before in this bucket. */
export function givenToken(entry: TrustEntry | undefined, now: number): TrustEntry | undefined {
  const seconds = Math.floor(now / 1_000);
  const given = entry?.senderTimestamp;
  if (given !== undefined && bucketOf(given) >= bucketOf(seconds)) return undefined;
  return { token: Buffer.alloc(0), ...entry, senderTimestamp: seconds };
}

/** Until when a contact's token counts (ms since the epoch); undefined: there is none. */
export function trustedUntil(entry: TrustEntry | null | undefined): number | undefined {
  const seconds = Number(entry?.timestamp);
  if (entry?.token === undefined || entry.token.length === 0 || !(seconds > 0)) return undefined;
  return seconds * 1_000 + KEPT_MS;
}

function bucketOf(seconds: number): number {
  return Math.floor(seconds / BUCKET_S);
}

import { getNextPreKeysNode, type WASocket } from "@whiskeysockets/baileys";

/**
 * Gives WhatsApp so many more one-time keys. They are in the store before WhatsApp has them, and what it did not take is
 * offered again by the next upload. (Baileys' own upload takes a timeout for an answer, and makes new keys at each retry.)
 */
export async function uploadPreKeys(wa: WASocket, count: number): Promise<void> {
  const { creds, keys } = wa.authState;
  const { update, node } = await keys.transaction(async () => {
    const next = await getNextPreKeysNode({ creds, keys }, count);
    // In place, so that it goes into the same write as the keys.
    creds.nextPreKeyId = next.update.nextPreKeyId ?? creds.nextPreKeyId;
    return next;
  }, creds.me?.id ?? "");
  const answer: unknown = await wa.query(node);
  if (answer === undefined) throw new NoAnswerError("WhatsApp did not confirm the keys");
  const taken = Math.max(creds.firstUnuploadedPreKeyId, update.firstUnuploadedPreKeyId ?? 0);
  wa.ev.emit("creds.update", { firstUnuploadedPreKeyId: taken });
}

export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

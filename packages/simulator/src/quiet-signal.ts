import libsignal from "libsignal";

/**
 * libsignal prints whole sessions, private keys included, with console.info whenever it closes one. Its record class is
 * replaced where it prints, so nothing ever reaches the console; the rest of its behaviour is unchanged.
 * Import libsignal only through this module.
 */
interface Session {
  indexInfo: { closed: number; used: number; baseKey: Buffer; remoteIdentityKey: Buffer };
  currentRatchet: { lastRemoteEphemeralKey: Buffer };
}

interface QuietRecord {
  sessions: Record<string, Session>;
  getOpenSession(): Session | undefined;
  isClosed(session: Session): boolean;
  closeSession(session: Session): void;
}

interface QuietCipher {
  doDecryptWhisperMessage(data: Buffer, session: Session): Promise<Buffer>;
}

interface QuietBuilder {
  initIncoming(record: QuietRecord, message: { baseKey: Buffer }): Promise<unknown>;
}

const keptSessions = 40;
const { SessionError } = libsignal as unknown as { SessionError: new (message: string) => Error };

const record = libsignal.SessionRecord.prototype as unknown as QuietRecord &
  Record<string, unknown>;
record.closeSession = function closeSession(this: QuietRecord, session) {
  if (!this.isClosed(session)) session.indexInfo.closed = Date.now();
};
record["openSession"] = (session: Session): void => {
  session.indexInfo.closed = -1;
};
record["removeOldSessions"] = function removeOldSessions(this: QuietRecord) {
  const closed = Object.entries(this.sessions).filter(([, session]) => this.isClosed(session));
  closed.sort(([, a], [, b]) => b.indexInfo.closed - a.indexInfo.closed);
  for (const [key] of closed.slice(keptSessions)) delete this.sessions[key];
};

const cipher = libsignal.SessionCipher.prototype as unknown as QuietCipher &
  Record<string, unknown>;
cipher["decryptWithSessions"] = async function decryptWithSessions(
  this: QuietCipher,
  data: Buffer,
  sessions: Session[],
) {
  const causes: unknown[] = [];
  for (const session of sessions) {
    try {
      // One at a time: the first session that fits ends the search, and trying a session changes it.
      // eslint-disable-next-line no-await-in-loop
      const plaintext = await this.doDecryptWhisperMessage(data, session);
      session.indexInfo.used = Date.now();
      return { session, plaintext };
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw Object.assign(new SessionError("No matching sessions found for message"), {
    cause: causes.at(-1),
  });
};

const builder = libsignal.SessionBuilder.prototype as unknown as QuietBuilder;
// eslint-disable-next-line typescript/unbound-method -- called with its `this` below
const { initIncoming } = builder;
builder.initIncoming = function quietInitIncoming(this: QuietBuilder, into, message) {
  const open = into.getOpenSession();
  const known = into.sessions[message.baseKey.toString("base64")] !== undefined;
  if (open !== undefined && !known) into.closeSession(open);
  return initIncoming.call(this, into, message);
};

export { ProtocolAddress, SessionBuilder, SessionCipher, SessionRecord } from "libsignal";

const { curve } = libsignal as unknown as {
  curve: { verifySignature: (key: Buffer, message: Buffer, signature: Buffer) => boolean };
};

/** Whether the XEdDSA signature over the message is by the key (33 bytes). */
export const verifySignature = (key: Buffer, message: Buffer, signature: Buffer): boolean =>
  curve.verifySignature(key, message, signature);

/** For those who need libsignal quiet but use it through a client: importing this module is what does it. */
export function quiet(): void {}

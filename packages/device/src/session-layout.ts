/**
 * A Signal session before it is packed. libsignal gives it as a JSON document of long names and base64; it is the record that
 * every message writes, so it is made small: names become one character, base64 becomes bytes.
 *
 * Each time a session is replaced (routine, see `quietLibsignal`) libsignal keeps the old one, up to forty, which makes the
 * record of a busy recipient some 25 KB. An old session only serves messages that were under way when it was replaced:
 * the newest few are kept.
 */
const NAMES = [
  "_sessions",
  "version",
  "registrationId",
  "currentRatchet",
  "ephemeralKeyPair",
  "pubKey",
  "privKey",
  "lastRemoteEphemeralKey",
  "previousCounter",
  "rootKey",
  "indexInfo",
  "baseKey",
  "baseKeyType",
  "closed",
  "used",
  "created",
  "remoteIdentityKey",
  "_chains",
  "chainKey",
  "chainType",
  "messageKeys",
  "counter",
  "key",
  "pendingPreKey",
  "signedKeyId",
  "preKeyId",
] as const;

/** Published with the bytes at rest: append only. */
const FIRST_SHORT = 1;
const shortOf = new Map<string, string>(
  NAMES.map((name, index) => [name, String.fromCharCode(FIRST_SHORT + index)]),
);
const nameOf = new Map([...shortOf].map(([name, short]) => [short, name]));
const KEPT_OLD_SESSIONS = 5;
const LONG_BASE64 = /^[A-Za-z0-9+/]{22,}={0,2}$/;

/** Undefined when the document holds something that wouldn't come back as it is. */
export function shrinkSession(document: unknown): unknown {
  try {
    return shrink(forgetOldSessions(document));
  } catch (error) {
    if (error instanceof UnusualSession) return undefined;
    throw error;
  }
}

export function growSession(small: unknown): unknown {
  if (small instanceof Uint8Array) return Buffer.from(small).toString("base64");
  if (Array.isArray(small)) return small.map(growSession);
  if (typeof small !== "object" || small === null) return small;
  return Object.fromEntries(
    Object.entries(small).map(([short, value]) => [nameOf.get(short) ?? short, growSession(value)]),
  );
}

class UnusualSession extends Error {
  override readonly name = "UnusualSession";
}

function shrink(value: unknown): unknown {
  if (typeof value === "string") return bytesOf(value) ?? value;
  if (value instanceof Uint8Array) throw new UnusualSession("bytes where libsignal has text");
  if (Array.isArray(value)) return value.map(shrink);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => {
    if (nameOf.has(name)) throw new UnusualSession("a name that means another one");
    return [shortOf.get(name) ?? name, shrink(inner)] as const;
  });
  return Object.fromEntries(entries);
}

function bytesOf(text: string): Buffer | undefined {
  if (!LONG_BASE64.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

interface SessionEntry {
  readonly indexInfo?: { readonly closed?: unknown };
}

function forgetOldSessions(document: unknown): unknown {
  const record = document as { readonly _sessions?: Readonly<Record<string, SessionEntry>> } | null;
  const sessions = Object.entries(record?._sessions ?? {});
  if (sessions.length <= KEPT_OLD_SESSIONS + 1) return document;
  const old = sessions
    .filter(([, session]) => closedAt(session) >= 0)
    .toSorted(([, a], [, b]) => closedAt(b) - closedAt(a));
  const forgotten = new Set(old.slice(KEPT_OLD_SESSIONS).map(([key]) => key));
  return {
    ...record,
    _sessions: Object.fromEntries(sessions.filter(([key]) => !forgotten.has(key))),
  };
}

/** -1 while the session is open. */
function closedAt(session: SessionEntry): number {
  const closed = session.indexInfo?.closed;
  return typeof closed === "number" ? closed : -1;
}

/**
 * A Signal session before it is packed. libsignal gives it as a JSON document of long names and base64; it is the record that
 * every message writes twice (the recipient's and our own phone's), so it is made small: a row of values without names, bytes for
 * base64, and a key that occurs again (the base key three times, the ratchet keys twice) is named by where it stands.
 *
 * ```
 *  record   [version, session …]
 *  session  [key, registration id, ratchet: public · private · remote · previous counter · root,
 *            base key, its type, closed, used, created, remote identity, chains, pending?]
 *  chain    [key, counter, chain key?, type, [number, message key …]]
 *  pending  [signed prekey id, prekey id?, base key]
 * ```
 *
 * Each time a session is replaced (routine, see `quietLibsignal`) libsignal keeps the old one, up to forty, which makes the
 * record of a busy recipient some 25 KB. An old session only serves messages that were under way when it was replaced:
 * the newest few are kept.
 */
export type SessionRow = readonly unknown[];

const KEPT_OLD_SESSIONS = 5;

/** Undefined when the document isn't of the shape that would come back as it is. */
export function rowOfRecord(document: unknown): SessionRow | undefined {
  try {
    const { _sessions: sessions, version } = parts(document, ["_sessions", "version"]);
    const entries = newestOf(entriesOf(sessions));
    return [version, ...entries.map(([key, session]) => rowOfSession(key, session))];
  } catch (error) {
    if (error instanceof UnusualSession) return undefined;
    throw error;
  }
}

export function recordOfRow([version, ...sessions]: SessionRow): unknown {
  return { _sessions: Object.fromEntries(sessions.map(sessionOfRow)), version };
}

const SESSION = ["registrationId", "currentRatchet", "indexInfo", "_chains"] as const;
const RATCHET = [
  "ephemeralKeyPair",
  "lastRemoteEphemeralKey",
  "previousCounter",
  "rootKey",
] as const;
const INDEX = ["baseKey", "baseKeyType", "closed", "used", "created", "remoteIdentityKey"] as const;

function rowOfSession(key: string, document: unknown): SessionRow {
  const isPending =
    typeof document === "object" && document !== null && "pendingPreKey" in document;
  const session = parts(document, isPending ? [...SESSION, "pendingPreKey"] : SESSION);
  const ratchet = parts(session["currentRatchet"], RATCHET);
  const pair = parts(ratchet["ephemeralKeyPair"], ["pubKey", "privKey"]);
  const index = parts(session["indexInfo"], INDEX);
  // The keys that occur again; the order is that of the places.
  const known = [index["baseKey"], pair["pubKey"], ratchet["lastRemoteEphemeralKey"]];
  const chains = entriesOf(session["_chains"]);
  return [
    placeOr(key, known),
    numberIn(session["registrationId"]),
    bytesOf(pair["pubKey"]),
    bytesOf(pair["privKey"]),
    bytesOf(ratchet["lastRemoteEphemeralKey"]),
    numberIn(ratchet["previousCounter"]),
    bytesOf(ratchet["rootKey"]),
    bytesOf(index["baseKey"]),
    numberIn(index["baseKeyType"]),
    numberIn(index["closed"]),
    numberIn(index["used"]),
    numberIn(index["created"]),
    bytesOf(index["remoteIdentityKey"]),
    chains.map(([name, chain]) => rowOfChain(placeOr(name, known), chain)),
    ...(isPending ? [rowOfPending(session["pendingPreKey"], known)] : []),
  ];
}

function sessionOfRow(row: unknown): readonly [string, unknown] {
  const [key, registrationId, pub, priv, remote, previousCounter, root, ...rest] =
    row as SessionRow;
  const [base, baseKeyType, closed, used, created, identity, chains, pending] = rest;
  const known = [base, pub, remote];
  const session = {
    registrationId,
    currentRatchet: {
      ephemeralKeyPair: { pubKey: textOf(pub), privKey: textOf(priv) },
      lastRemoteEphemeralKey: textOf(remote),
      previousCounter,
      rootKey: textOf(root),
    },
    indexInfo: {
      baseKey: textOf(base),
      baseKeyType,
      closed,
      used,
      created,
      remoteIdentityKey: textOf(identity),
    },
    _chains: Object.fromEntries((chains as SessionRow[]).map((chain) => chainOfRow(chain, known))),
    ...(pending === undefined ? {} : { pendingPreKey: pendingOfRow(pending as SessionRow, known) }),
  };
  return [textOf(key, known), session];
}

function rowOfChain(name: unknown, document: unknown): SessionRow {
  const chain = parts(document, ["chainKey", "chainType", "messageKeys"]);
  const { counter, key } = parts(chain["chainKey"], ["counter", "key"]);
  const skipped = entriesOf(chain["messageKeys"]).flatMap(([number, value]) => {
    if (String(Number(number)) !== number) throw new UnusualSession("a message without a number");
    return [Number(number), bytesOf(value)];
  });
  const open = key === undefined ? null : bytesOf(key);
  return [name, numberIn(counter), open, numberIn(chain["chainType"]), skipped];
}

function chainOfRow(
  [name, counter, key, chainType, skipped]: SessionRow,
  known: readonly unknown[],
): readonly [string, unknown] {
  const numbers = skipped as readonly unknown[];
  const messageKeys: Record<string, string> = {};
  for (let at = 0; at < numbers.length; at += 2)
    messageKeys[String(numbers[at])] = textOf(numbers[at + 1]);
  const chainKey = { counter, key: key === null ? undefined : textOf(key) };
  return [textOf(name, known), { chainKey, chainType, messageKeys }];
}

function rowOfPending(document: unknown, known: readonly unknown[]): SessionRow {
  const hasOneTimeKey = entriesOf(document).length === 3;
  const names = hasOneTimeKey ? ["signedKeyId", "preKeyId", "baseKey"] : ["signedKeyId", "baseKey"];
  const pending = parts(document, names);
  const oneTimeKey = hasOneTimeKey ? numberIn(pending["preKeyId"]) : null;
  return [numberIn(pending["signedKeyId"]), oneTimeKey, placeOr(pending["baseKey"], known)];
}

function pendingOfRow(
  [signedKeyId, preKeyId, base]: SessionRow,
  known: readonly unknown[],
): unknown {
  const baseKey = textOf(base, known);
  return preKeyId === null ? { signedKeyId, baseKey } : { signedKeyId, baseKey, preKeyId };
}

class UnusualSession extends Error {
  override readonly name = "UnusualSession";
}

/** The members of an object that has these and no others. */
function parts(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  const whole = typeof value === "object" && value !== null ? value : {};
  const matches =
    Object.keys(whole).length === names.length && names.every((name) => Object.hasOwn(whole, name));
  if (!matches) throw new UnusualSession("members that are not known");
  return whole as Readonly<Record<string, unknown>>;
}

function entriesOf(value: unknown): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UnusualSession("no object");
  return Object.entries(value);
}

function placeOr(text: unknown, known: readonly unknown[]): number | Buffer {
  const place = known.indexOf(text);
  return place === -1 ? bytesOf(text) : place;
}

function bytesOf(text: unknown): Buffer {
  const bytes = typeof text === "string" ? Buffer.from(text, "base64") : undefined;
  if (bytes === undefined || bytes.toString("base64") !== text)
    throw new UnusualSession("no base64");
  return bytes;
}

function numberIn(value: unknown): number {
  if (typeof value !== "number") throw new UnusualSession("no number");
  return value;
}

function textOf(value: unknown, known: readonly unknown[] = []): string {
  const bytes = (typeof value === "number" ? known[value] : value) as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** The open sessions and the newest closed ones, in the order they are in. */
function newestOf(sessions: readonly [string, unknown][]): readonly [string, unknown][] {
  if (sessions.length <= KEPT_OLD_SESSIONS + 1) return sessions;
  const old = sessions
    .filter(([, session]) => closedAt(session) >= 0)
    .toSorted(([, a], [, b]) => closedAt(b) - closedAt(a));
  const forgotten = new Set(old.slice(KEPT_OLD_SESSIONS).map(([key]) => key));
  return sessions.filter(([key]) => !forgotten.has(key));
}

/** -1 while the session is open. */
function closedAt(session: unknown): number {
  const { indexInfo } = session as { readonly indexInfo?: { readonly closed?: unknown } };
  return typeof indexInfo?.closed === "number" ? indexInfo.closed : -1;
}

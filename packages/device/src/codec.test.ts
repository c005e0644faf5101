import { initAuthCreds, proto } from "@whiskeysockets/baileys";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCreds, decodeKey, encodeCreds, encodeKey } from "./codec.ts";

const bytes = fc.uint8Array({ maxLength: 64 });
const document = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.integer(),
    // msgpack has no -0.
    fc.double({ noNaN: true }).map((value) => (value === 0 ? 0 : value)),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    bytes,
    bytes.map((value) => Buffer.from(value)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      // msgpackr renames this one key on purpose; nothing that Baileys stores has it.
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

test("any document comes back as it was: Buffer as Buffer, Uint8Array as Uint8Array, undefined as undefined", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), document, { noNullPrototype: true }),
      (value) => {
        expect(decodeCreds(encodeCreds(value))).toStrictEqual(value);
        expect(decodeKey("sender-key-memory", encodeKey("sender-key-memory", value))).toStrictEqual(
          value,
        );
      },
    ),
  );
});

test("fresh creds come back as they were", () => {
  const creds = {
    ...initAuthCreds(),
    me: { id: "15550100001:1@s.whatsapp.net", name: undefined, lid: "1:1@lid" },
  };
  expect(decodeCreds(encodeCreds(creds))).toStrictEqual(creds);
});

test("a pre-key is its two keys and one byte", () => {
  const pair = { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) };
  const encoded = encodeKey("pre-key", pair);
  expect(encoded.length).toBe(65);
  expect(decodeKey("pre-key", encoded)).toStrictEqual(pair);
});

test("a pre-key of unusual size is kept whole", () => {
  const pair = { public: Buffer.alloc(33, 1), private: Buffer.alloc(32, 2) };
  expect(decodeKey("pre-key", encodeKey("pre-key", pair))).toStrictEqual(pair);
});

test("an app state key is the protobuf class again, which Baileys asks for", () => {
  const key = proto.Message.AppStateSyncKeyData.fromObject({
    keyData: Buffer.alloc(32, 7),
    timestamp: 1_700_000_000_000,
  });
  const read = decodeKey("app-state-sync-key", encodeKey("app-state-sync-key", key));
  expect(read).toBeInstanceOf(proto.Message.AppStateSyncKeyData);
  expect(proto.Message.AppStateSyncKeyData.encode(read).finish()).toEqual(
    proto.Message.AppStateSyncKeyData.encode(key).finish(),
  );
});

test("each reading is a value of its own: Baileys changes what it reads", () => {
  const encoded = encodeKey("device-list", ["0"]);
  decodeKey("device-list", encoded).push("1");
  expect(decodeKey("device-list", encoded)).toEqual(["0"]);
});

function base64(fill: number): string {
  return Buffer.alloc(33, fill).toString("base64");
}

/** The shape of libsignal's `SessionEntry.serialize()`, as after some messages to somebody who has not answered. */
function session(index: number) {
  return {
    registrationId: 1_234,
    currentRatchet: {
      ephemeralKeyPair: { pubKey: base64(7), privKey: Buffer.alloc(32, 2).toString("base64") },
      lastRemoteEphemeralKey: base64(3),
      previousCounter: 0,
      rootKey: Buffer.alloc(32, 4).toString("base64"),
    },
    indexInfo: {
      baseKey: base64(100 + index),
      baseKeyType: 1,
      closed: index === 0 ? -1 : 1_700_000_000_000 + index,
      used: 1_800_000_000_000,
      created: 1_700_000_000_000,
      remoteIdentityKey: base64(6),
    },
    _chains: {
      [base64(7)]: { chainKey: { counter: 5, key: base64(8) }, chainType: 1, messageKeys: {} },
    },
    pendingPreKey: { signedKeyId: 1, baseKey: base64(100 + index), preKeyId: 700 },
  };
}

/** The shape of libsignal's `SessionRecord.serialize()`. */
function sessionRecord(old: number) {
  const sessions = Array.from(
    { length: old + 1 },
    (_, index) => [base64(100 + index), session(index)] as const,
  );
  return { _sessions: Object.fromEntries(sessions), version: "v1" };
}

test("a session comes back as it was, in half of its packed size", () => {
  const record = sessionRecord(0);
  const encoded = encodeKey("session", record);
  expect(decodeKey("session", encoded)).toStrictEqual(record);
  expect(encoded.length).toBeLessThan(0.5 * encodeCreds(record).length);
});

const key = fc
  .uint8Array({ minLength: 32, maxLength: 33 })
  .map((value) => Buffer.from(value).toString("base64"));
const count = fc.integer({ min: -1, max: 2 ** 50 });
const chain = fc.record({
  chainKey: fc.record({ counter: count, key: fc.option(key, { nil: undefined }) }),
  chainType: fc.constantFrom(1, 2),
  messageKeys: fc.dictionary(fc.nat().map(String), key, { noNullPrototype: true }),
});
const anySession = fc
  .tuple(key, key, key, fc.dictionary(key, chain, { noNullPrototype: true, maxKeys: 3 }), chain)
  .chain(([base, own, remote, others, known]) =>
    fc.record(
      {
        registrationId: count,
        currentRatchet: fc.record({
          ephemeralKeyPair: fc.record({ pubKey: fc.constant(own), privKey: key }),
          lastRemoteEphemeralKey: fc.constant(remote),
          previousCounter: count,
          rootKey: key,
        }),
        indexInfo: fc.record({
          baseKey: fc.constantFrom(base, own),
          baseKeyType: fc.constantFrom(1, 2),
          closed: count,
          used: count,
          created: count,
          remoteIdentityKey: key,
        }),
        _chains: fc.constant({ ...others, [own]: known, [remote]: known }),
        pendingPreKey: fc.record(
          { signedKeyId: count, baseKey: fc.constantFrom(base, own), preKeyId: count },
          { requiredKeys: ["signedKeyId", "baseKey"], noNullPrototype: true },
        ),
      },
      {
        requiredKeys: ["registrationId", "currentRatchet", "indexInfo", "_chains"],
        noNullPrototype: true,
      },
    ),
  );

test("sessions of every shape come back as they were: skipped messages, closed chains, with and without pending keys", () => {
  // Cloned: the generator's objects have no prototype.
  const sessions = fc
    .dictionary(key, anySession, { maxKeys: 5 })
    .map((made) => structuredClone(made));
  fc.assert(
    fc.property(sessions, (_sessions) => {
      const record = { _sessions, version: "v1" };
      const encoded = encodeKey("session", record);
      expect(encoded[0]).toBe(3);
      expect(decodeKey("session", encoded)).toStrictEqual(record);
    }),
  );
});

test("a session that differs from the known shape in anything is kept whole", () => {
  const usual = session(0);
  const unusual = [
    { ...usual, more: 1 },
    { ...usual, _chains: [] },
    { ...usual, registrationId: "1" },
    { ...usual, indexInfo: { ...usual.indexInfo, baseKey: "not base64!" } },
    { ...usual, pendingPreKey: undefined },
    { ...usual, currentRatchet: null },
  ];
  for (const changed of unusual) {
    const record = { _sessions: { [base64(1)]: changed }, version: "v1" };
    expect(decodeKey("session", encodeKey("session", record))).toStrictEqual(record);
  }
  const listed = { _sessions: [], version: "v1" };
  expect(decodeKey("session", encodeKey("session", listed as never))).toStrictEqual(listed);
});

test("of old sessions the newest five are kept, the open one always", () => {
  const record = sessionRecord(30);
  const read: unknown = decodeKey("session", encodeKey("session", record));
  const closed = Object.values((read as typeof record)._sessions).map(
    ({ indexInfo }) => indexInfo.closed,
  );
  expect(closed.toSorted((a, b) => a - b)).toEqual(
    [-1, 26, 27, 28, 29, 30].map((at) => (at < 0 ? at : 1_700_000_000_000 + at)),
  );
});

test("whatever else a session may be comes back as it was", () => {
  fc.assert(
    fc.property(document, (value) => {
      expect(decodeKey("session", encodeKey("session", value as never))).toStrictEqual(value);
    }),
  );
});

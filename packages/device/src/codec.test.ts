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
    fc.double({ noNaN: true }),
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

import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CredentialKeys, openSeal, parseCredentialKeys } from "./seal.ts";

function keysOf(...ids: string[]): CredentialKeys {
  const [current = { id: "none", key: randomBytes(32) }, ...older] = ids.map((id) => ({
    id,
    key: randomBytes(32),
  }));
  return { current, older };
}

test("what was sealed opens again, under its own name only", () => {
  const seal = openSeal("dev_1", keysOf("k1"));
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.string(),
      fc.string(),
      (value, name, other) => {
        const sealed = seal.seal(name, value);
        expect(seal.open(name, sealed)).toEqual({
          kind: "opened",
          value: Buffer.from(value),
          keyId: "k1",
        });
        expect(sealed.length).toBe(value.length + seal.overheadBytes);
        if (other !== name) expect(seal.open(other, sealed).kind).toBe("unreadable");
      },
    ),
  );
});

test("a changed byte, a cut end and an empty value are unreadable, never an exception", () => {
  const seal = openSeal("dev_1", keysOf("k1"));
  const sealed = seal.seal("creds", randomBytes(50));
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(seal.open("creds", changed).kind).toBe("unreadable");
    expect(seal.open("creds", sealed.subarray(0, at)).kind).toBe("unreadable");
  }
});

test("a value of another device can't be opened with the same key", () => {
  const keys = keysOf("k1");
  const sealed = openSeal("dev_1", keys).seal("creds", randomBytes(8));
  expect(openSeal("dev_2", keys).open("creds", sealed)).toEqual({
    kind: "unreadable",
    reason: "wrong_key_or_damaged",
  });
});

test("after a rotation old values still open and new ones use the new key", () => {
  const before = keysOf("2025");
  const sealed = openSeal("dev_1", before).seal("creds", Buffer.from("old"));
  const after = openSeal("dev_1", {
    current: { id: "2026", key: randomBytes(32) },
    older: [before.current],
  });
  expect(after.open("creds", sealed)).toMatchObject({ kind: "opened", keyId: "2025" });
  expect(after.open("creds", after.seal("creds", Buffer.from("new")))).toMatchObject({
    keyId: "2026",
  });
});

test("a key that is gone and a wrong key of the same name are told apart", () => {
  const sealed = openSeal("dev_1", keysOf("k1")).seal("creds", Buffer.from("x"));
  expect(openSeal("dev_1", keysOf("k2")).open("creds", sealed)).toEqual({
    kind: "unreadable",
    reason: "unknown_key",
  });
  expect(openSeal("dev_1", keysOf("k1")).open("creds", sealed)).toEqual({
    kind: "unreadable",
    reason: "wrong_key_or_damaged",
  });
});

test("keys are read from text, the first is the current one", () => {
  const [a, b] = [randomBytes(32), randomBytes(32)];
  const read = parseCredentialKeys(`new:${a.toString("base64")}, old:${b.toString("base64")}`);
  expect(read).toEqual({
    kind: "keys",
    keys: { current: { id: "new", key: a }, older: [{ id: "old", key: b }] },
  });
});

test.each([
  "",
  "x",
  "id:",
  `id:${Buffer.alloc(31).toString("base64")}`,
  `i d:${Buffer.alloc(32).toString("base64")}`,
])("the key text %j is refused without repeating it", (text) => {
  expect(parseCredentialKeys(text).kind).toBe("refused");
});

test("a key id may appear once", () => {
  const key = Buffer.alloc(32).toString("base64");
  expect(parseCredentialKeys(`a:${key},a:${key}`).kind).toBe("refused");
});

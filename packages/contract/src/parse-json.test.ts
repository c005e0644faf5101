import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "./parse-json.ts";

const TEXT = fc.string({
  unit: fc.constantFrom("a", '"', "\\", "{", "}", "[", ",", ":", " ", "é"),
});

const VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    TEXT,
    fc.integer(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(TEXT, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

test("what is not ambiguous is read as it is, however it is spaced", () => {
  fc.assert(
    fc.property(VALUE, fc.constantFrom(0, 1, "\t"), (value, space) => {
      expect(parseJson(JSON.stringify(value, null, space))).toEqual({ kind: "json", value });
    }),
  );
});

test("a key that comes twice is found, wherever it stands and however it is written", () => {
  const escaped = (key: string): string =>
    Array.from(key, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join(
      "",
    );
  fc.assert(
    fc.property(TEXT, VALUE, fc.boolean(), (key, value, spell) => {
      const again = spell ? `"${escaped(key)}"` : JSON.stringify(key);
      const inner = `{${JSON.stringify(key)}:${JSON.stringify(value)} ,${again} : 1}`;
      expect(parseJson(`{"list":[${JSON.stringify(value)},${inner}]}`)).toMatchObject({
        detail: "The request body has the same key twice",
      });
    }),
  );
});

test.each(['{"__proto__":1}', '{"a":{"\\u005f_proto__":1}}'])(
  "no prototype by a key: %s",
  (text) => {
    expect(parseJson(text)).toMatchObject({ kind: "undecodable" });
  },
);

test("absurd nesting is refused", () => {
  expect(parseJson("[".repeat(65) + "]".repeat(65))).toMatchObject({ kind: "undecodable" });
  expect(parseJson("[".repeat(64) + "]".repeat(64))).toMatchObject({ kind: "json" });
});

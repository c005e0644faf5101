import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elide } from "./elide.ts";
import { nearestName } from "./nearest-name.ts";
import { parsePrefer } from "./prefer.ts";
import { ROUTES } from "./routes.ts";
import { validate } from "./validation.ts";

const schema = ROUTES.sendMessage.body;
const good = { from: "dev_0123456789abcdef", to: "+55 (11) 99999-9999", text: "hello" };

function reject(change: object) {
  const validated = validate(schema, { ...good, ...change });
  if (validated.kind === "valid") throw new Error("it was taken");
  return validated;
}

describe("the body of a message", () => {
  test("to is read as the recipient that it names", () => {
    expect(validate(schema, good)).toMatchObject({
      kind: "valid",
      value: { to: { digits: "5511999999999", jid: "5511999999999@s.whatsapp.net" } },
    });
  });

  test("an unknown field is refused with the nearest known name", () => {
    expect(reject({ txt: "x" }).validation).toEqual([
      { field: "txt", message: 'unknown field "txt"; did you mean "text"?', value: "x" },
    ]);
    expect(reject({ clientRef: "x" }).validation[0]?.message).toContain('"client_ref"');
    expect(reject({ surprise: "x" }).validation[0]?.message).toContain(
      "the known fields are from, to, text, image, video, audio, document, sticker, location, contact",
    );
  });

  test("a broken JID has its own code, unless something else is wrong too", () => {
    expect(reject({ to: "a@b" }).code).toBe("INVALID_CHAT_JID");
    expect(reject({ to: "a@b", text: "" }).code).toBe("VALIDATION_ERROR");
  });

  const tails = fc.oneof(fc.nat({ max: 3 }), fc.integer({ min: 4_050, max: 4_100 }));

  test("any text of 1 to 4096 code points without NUL is taken, any other is refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), tails, (head, tail) => {
        const text = head + "😀".repeat(tail);
        const length = Array.from(text).length;
        const fits = length >= 1 && length <= 4_096 && !text.includes("\0");
        expect(validate(schema, { ...good, text }).kind).toBe(fits ? "valid" : "invalid");
      }),
    );
  });

  test("half a surrogate pair is refused wherever it stands", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0xd800, max: 0xdfff }), (text, unit) => {
        const broken = `${text}${String.fromCharCode(unit)}a`;
        expect(reject({ text: broken }).validation[0]?.field).toBe("text");
      }),
    );
  });

  test("whatever is sent, every entry is small and names a field, a rule and a value", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 60 }), (body) => {
        const validated = validate(schema, body);
        if (validated.kind === "valid") return;
        expect(validated.validation.length).toBeLessThanOrEqual(20);
        for (const entry of validated.validation) {
          expect(Object.keys(entry)).toEqual(["field", "message", "value"]);
          expect(JSON.stringify(entry).length).toBeLessThan(1_500);
        }
      }),
    );
  });
});

describe("the rejected value", () => {
  test("is null when absent, itself when short", () => {
    expect([elide("a", undefined), elide("a", ""), elide("a", 0)]).toEqual([null, "", 0]);
  });

  test("is never a secret, base64 or long", () => {
    expect(elide("webhook_secret", "hunter2")).toBe("[elided]");
    expect(elide("image.base64", "aGk=")).toBe("[elided]");
    expect(elide("text", `data:image/png;base64,${"A".repeat(9)}`)).toBe("[elided]");
    expect(elide("text", "QUJD".repeat(100))).toBe("[elided]");
    expect(elide("text", "é".repeat(5_000))).toBe(`${"é".repeat(40)}… (5000 characters)`);
    expect(elide("a", { b: 1 })).toBe("[elided: object of 1]");
  });
});

describe("the nearest name", () => {
  const known = ["from", "to", "text", "client_ref", "metadata"];
  test.each([
    ["txt", "text"],
    ["meta_data", "metadata"],
    ["From", "from"],
    ["clientRef", "client_ref"],
    ["image", undefined],
    ["x".repeat(1_000), undefined],
  ])("of %s is %s", (name, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });

  test("of a known name is the name itself", () => {
    for (const name of known) expect(nearestName(name, known)).toBe(name);
  });
});

describe("Prefer", () => {
  test.each([
    [undefined, { respondAsync: false }],
    ["wait=10", { respondAsync: false, waitS: 10 }],
    ['Wait="10"; x=1', { respondAsync: false, waitS: 10 }],
    ["respond-async, wait=5", { respondAsync: true, waitS: 5 }],
    ["wait=999", { respondAsync: false, waitS: 60 }],
    ["wait=soon, return=minimal", { respondAsync: false }],
    ["wait=-1", { respondAsync: false }],
    ["wait=1, wait=2", { respondAsync: false, waitS: 1 }],
  ])("%s", (header, preference) => {
    expect(parsePrefer(header, 60)).toEqual(preference);
  });
});

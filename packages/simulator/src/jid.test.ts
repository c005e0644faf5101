import fc from "fast-check";
import { expect, test } from "vitest";
import { formatJid, lidOf, numberOfLid, parseJid, parseNumber } from "./jid.ts";

const numbers = fc.stringMatching(/^[1-9]\d{4,14}$/);

test("a LID leads back to its number and is never a phone number", () => {
  fc.assert(
    fc.property(numbers, numbers, (one, other) => {
      expect(numberOfLid(lidOf(one))).toBe(one);
      expect(parseNumber(lidOf(one))).toBeUndefined();
      expect(lidOf(one) === lidOf(other)).toBe(one === other);
    }),
  );
});

test("a written JID reads back", () => {
  fc.assert(
    fc.property(
      numbers,
      fc.integer({ min: 0, max: 98 }),
      fc.constantFrom("pn" as const, "lid" as const),
      (number, device, space) => {
        expect(parseJid(formatJid({ number, device, space }))).toEqual({ number, device, space });
      },
    ),
  );
});

test("people's ways of writing a number", () => {
  expect(parseNumber(" +1 (555) 010-0001 ")).toBe("15550100001");
  expect(parseNumber("0155501")).toBeUndefined();
  expect(parseNumber("1555x")).toBeUndefined();
  expect(parseNumber("1234567890123456")).toBeUndefined();
  expect(parseJid("123@g.us")).toBeUndefined();
});

import { expect, test } from "vitest";
import { normaliseNumber } from "./normalise-number.ts";

const suggested = (digits: string, home?: string) =>
  normaliseNumber(digits, home).suggestions.map((one) => `${one.hint} ${one.digits}`);

test("both names of a Brazilian mobile number are shown, and none of a landline", () => {
  expect(normaliseNumber("5531987654321")).toEqual({
    digits: "5531987654321",
    country: "BR",
    international: "+55 31 98765 4321",
    valid: true,
    suggestions: [{ digits: "553187654321", hint: "brazil_ninth_digit" }],
  });
  expect(normaliseNumber("553187654321")).toMatchObject({
    valid: true,
    suggestions: [{ digits: "5531987654321", hint: "brazil_ninth_digit" }],
  });
  expect(suggested("553133334444")).toEqual([]);
});

test("both names of a Mexican number are shown; either of them counts as valid", () => {
  for (const [digits, other] of [
    ["525512345678", "5215512345678"],
    ["5215512345678", "525512345678"],
  ] as const)
    expect(normaliseNumber(digits)).toMatchObject({
      valid: true,
      suggestions: [{ digits: other, hint: "mexico_mobile_1" }],
    });
});

test("an Argentine number has its mobile 9 suggested, and the other way round", () => {
  expect(suggested("541123456789")).toEqual(["argentina_mobile_9 5491123456789"]);
  expect(suggested("5491123456789")).toEqual(["argentina_mobile_9 541123456789"]);
});

test("a number that is none as it is written is taken for one of the sender's country, or for one with 00", () => {
  const home = "5511900000001";
  expect(normaliseNumber("11987654321", home)).toMatchObject({ valid: false });
  expect(suggested("11987654321", home)).toEqual(["country_code_missing 5511987654321"]);
  expect(suggested("11987654321")).toEqual([]);
  expect(suggested("004915123456789")).toEqual(["international_prefix 4915123456789"]);
  expect(suggested("00000000000")).toEqual([]);
});

test("a valid number of any other country is left alone", () => {
  for (const digits of ["4915123456789", "12025550143", "919876543210", "447911123456"])
    expect(normaliseNumber(digits, "5511900000001")).toMatchObject({
      digits,
      valid: true,
      suggestions: [],
    });
});

test("what no country gives out is told, and is no error", () => {
  expect(normaliseNumber("999123456789")).toEqual({
    digits: "999123456789",
    international: "+999123456789",
    valid: false,
    suggestions: [],
  });
});

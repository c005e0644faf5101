import { expect, test } from "vitest";
import { addedText, numberOf, readNumber, readNumbers, sourceOf } from "./suppression-rules.ts";

test("a source is told by its name: a key, or a device that somebody wrote to", () => {
  const names = new Map([
    ["dev_1", "sales-3"],
    ["key_1", "crm"],
  ]);
  expect(sourceOf("dev_1", names)).toEqual({ says: "Wrote it to sales-3", device: "dev_1" });
  expect(sourceOf("key_1", names)).toEqual({ says: "Key crm" });
  expect(sourceOf("key_2", names)).toEqual({ says: "Key key_2" });
  expect(sourceOf(null, names)).toEqual({ says: "Not known" });
});

test.each([
  ["+55 (11) 90000-0071", "5511900000071"],
  ["5511900000071", "5511900000071"],
  ["1203630@g.us", "1203630@g.us"],
  ["sales", ""],
  ["12", ""],
])("%j is read as %j", (text, number) => {
  expect(readNumber(text)).toBe(number);
});

test("the number that is looked for stands in the fragment", () => {
  expect(numberOf("#to=5511900000071")).toBe("5511900000071");
  expect(numberOf("to=%2B55%2011%2090000-0071")).toBe("5511900000071");
  expect(numberOf("")).toBe("");
});

test("numbers come one a line, or with commas", () => {
  expect(readNumbers("+55 11 90000-0071,\n 5511900000072 \n\n")).toEqual([
    "+55 11 90000-0071",
    "5511900000072",
  ]);
});

test("what adding did is told in full", () => {
  expect(addedText({ added: 2, changed: 0, already: 0 })).toBe("Added 2.");
  expect(addedText({ added: 0, changed: 1, already: 3 }, 4)).toBe(
    "Added 0; 1 opted out before and now get nothing at all; 3 were there; 4 could not be read.",
  );
});

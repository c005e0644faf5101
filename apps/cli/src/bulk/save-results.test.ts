import { expect, test } from "vitest";
import { cell } from "./save-results.ts";

test.each([
  ["plain", "plain"],
  [null, ""],
  [12, "12"],
  [{ a: 1 }, '"{""a"":1}"'],
  ['a "b", c', '"a ""b"", c"'],
  ["two\nlines", '"two\nlines"'],
  ["=1+1", "'=1+1"],
  ["+5511", "'+5511"],
])("%j is written as %s", (value, text) => {
  expect(cell(value)).toBe(text);
});

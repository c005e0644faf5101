import { expect, test } from "vitest";
import { isBase64 } from "./text-rules.ts";

test.each(["", "QQ==", "QUI=", "QUJD", "+/+/", "A".repeat(8_000_000)])("base64", (text) => {
  expect(isBase64(text)).toBe(true);
});

test.each([
  "Q",
  "QQ",
  "QQ=",
  "QUJD=",
  "Q===",
  "====",
  "QQ==QQ==",
  "Q Q=",
  "QUJ\n",
  "-_-_",
  `${"A".repeat(7_999_999)}!`,
])("no base64", (text) => {
  expect(isBase64(text)).toBe(false);
});

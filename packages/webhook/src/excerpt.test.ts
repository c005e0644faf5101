import { expect, test } from "vitest";
import { excerptOf } from "./excerpt.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["no such\r\n\ttenant\u0000", "no such tenant"],
  ["<h1>Não</h1>", "<h1>Não</h1>"],
  [" \u202Eevil\u200B text ", "evil text"],
  ["\u0000\u0000\u0000", undefined],
  ["", undefined],
])("%j is shown as %j", (text, shown) => {
  expect(excerptOf(bytes(text))).toBe(shown);
});

test("only the beginning is kept, and no half of a character", () => {
  expect(excerptOf(bytes("🕊".repeat(300)))).toBe("🕊".repeat(200));
  expect(excerptOf(bytes("ok ã").subarray(0, 4))).toBe("ok");
});

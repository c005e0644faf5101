import fc from "fast-check";
import { expect, test } from "vitest";

import { mask } from "./mask.ts";

const digits = fc.stringMatching(/^[0-9]{8,15}$/);
const notDigit = fc.string().map((text) => text.replaceAll(/[0-9]/g, ""));
const messageId = fc.stringMatching(/^3EB0[0-9A-F]{18}$/);

test.each([
  ["sent to 5511900000001", "sent to …0001"],
  ["5511900000001:12@s.whatsapp.net", "…0001:12@s.whatsapp.net"],
  ["tel5511900000001x", "tel…0001x"],
  ["call +55 (11) 90000-0001 now", "call …0001 now"],
  ["Authorization: Bearer abc.def", "Authorization: Bearer …"],
  ["redis://:geheim@127.0.0.1:6379", "redis://…@127.0.0.1:6379"],
  ["key pombo_c0_Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9v", "key pombo_…"],
  [`k1:${"A".repeat(43)}=`, "k…"],
  ["group 120363041234567890@g.us", "group 120363041234567890@g.us"],
  ["3EB0123456789012345678 settled", "3EB0123456789012345678 settled"],
  ["dev_1234567890123456", "dev_1234567890123456"],
  ["wh_1234567890123456_1700000000000-0", "wh_1234567890123456_1700000000000-0"],
  ["550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"],
  ["2026-01-01T10:20:30.123Z took 1234567 ms", "2026-01-01T10:20:30.123Z took 1234567 ms"],
])("%j becomes %j", (text, masked) => {
  expect(mask(text)).toBe(masked);
});

test("a phone number is cut to its last four digits, whatever stands around it", () => {
  fc.assert(
    fc.property(notDigit, digits, notDigit, (before, number, after) => {
      const masked = mask(`${before}${number}${after}`);
      expect(masked).not.toContain(number);
      expect(masked).not.toMatch(/[0-9]{8}/);
    }),
  );
});

test("a message id stays readable between any words", () => {
  fc.assert(
    fc.property(messageId, digits, (id, number) => {
      expect(mask(`${id} ${number} (${id})`)).toBe(`${id} …${number.slice(-4)} (${id})`);
    }),
  );
});

test("masking twice changes nothing more", () => {
  fc.assert(
    fc.property(fc.string(), digits, (text, number) => {
      const once = mask(`${text}${number}`);
      expect(mask(once)).toBe(once);
    }),
  );
});

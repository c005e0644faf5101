import fc from "fast-check";
import { expect, test } from "vitest";

import { redact } from "./redact.ts";

const SECRET_KEYS = ["authorization", "cookie", "key", "api_key", "rootKey", "token", "X-Secret"];
const HIDDEN_KEYS = [...SECRET_KEYS, "password", "text", "body", "request_body", "qr"];
const PERSON_KEYS = ["to", "phone", "phone_number", "jid", "chat_jid", "chatJid", "number"];

test("what stands under a secret's or a text's name is removed at any depth", () => {
  const secret = fc.stringMatching(/^[!-~]{12,40}$/);
  fc.assert(
    fc.property(fc.constantFrom(...HIDDEN_KEYS), secret, (key, value) => {
      const redacted = JSON.stringify(redact({ a: [{ [key]: value }, { [key]: { b: value } }] }));
      expect(redacted).not.toContain(JSON.stringify(value).slice(1, -1));
    }),
  );
});

test("a person keeps four digits at most, as text or as a number", () => {
  const number = fc.integer({ min: 10_000_000, max: 999_999_999_999 });
  fc.assert(
    fc.property(fc.constantFrom(...PERSON_KEYS), number, (key, value) => {
      const forms = [value, `+${value}`, `${value}@s.whatsapp.net`, `${value}:3@lid`];
      for (const form of forms)
        expect(JSON.stringify(redact({ [key]: form }))).not.toMatch(/[0-9]{5}/);
    }),
  );
});

test("numbers, times, ids and measures stay as they are", () => {
  const fields = {
    message_id: "3EB0123456789012345678",
    device_id: "dev_1234567890123456",
    duration_ms: 1_234_567_890,
    at: 1_760_000_000_000,
    text_length: 12,
    body_bytes: 1_048_576,
    key_id: "k1",
    token_age_ms: 5,
    error_code: "SEND_FAILED",
    attempt_number: 3,
    ok: true,
    nothing: null,
  };
  expect(redact(fields)).toEqual(fields);
});

test("a pairing code is hidden, a code of the catalog or the system is not", () => {
  const codes = ["AB12CD34", "ABCDEFGH", "ABCD-EFGH", "12345678", "E234ABCD"];
  for (const code of codes) expect(redact({ code })).toEqual({ code: "[hidden]" });
  expect(redact({ pairing_code: "AB12CD34" })).toEqual({ pairing_code: "[hidden]" });
  for (const code of ["SEND_FAILED", "ECONNREFUSED", "EPIPE", 463])
    expect(redact({ code })).toEqual({ code });
});

test("an error keeps name, code and stack, without the person in it", () => {
  const cause = Object.assign(new Error("connect 5511900000001"), { code: "ECONNREFUSED" });
  const redacted = redact({ error: new TypeError("no session for 5511900000001", { cause }) });
  expect(redacted).toMatchObject({
    error: {
      name: "TypeError",
      message: "no session for …0001",
      stack: expect.stringMatching(/redact\.test\.ts/),
      cause: { code: "ECONNREFUSED", message: "connect …0001" },
    },
  });
  expect(JSON.stringify(redacted)).not.toContain("5511900000001");
});

test("the text that could not be parsed is not in the error", () => {
  let error: unknown;
  try {
    JSON.parse('{"text": my dear Ana}');
  } catch (thrown) {
    error = thrown;
  }
  expect(JSON.stringify(redact(error))).not.toMatch(/dear|Ana/);
});

test("any value can be redacted: cycles, bytes, getters that throw", () => {
  const cycle: Record<string, unknown> = { name: "x" };
  cycle["self"] = cycle;
  expect(JSON.stringify(redact(cycle))).toContain("[deep]");
  expect(redact({ raw: Buffer.from("secret") })).toEqual({ raw: "[6 bytes]" });
  const broken = Object.defineProperty({}, "a", {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  });
  expect(redact(broken)).toBe("[unreadable]");
  expect(redact(new Map([["5511900000001", 1n]]))).toEqual({ "…0001": "1" });
  fc.assert(fc.property(fc.anything(), (value) => void JSON.stringify(redact(value))));
});

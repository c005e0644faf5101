import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRecipient } from "./recipient.ts";

test("a number is read however it is written", () => {
  for (const text of [
    "5511999999999",
    "+55 11 99999-9999",
    "(55) 11 99999 9999",
    "5511999999999@s.whatsapp.net",
  ])
    expect(parseRecipient(text)).toEqual({
      kind: "recipient",
      recipient: { kind: "user", digits: "5511999999999", jid: "5511999999999@s.whatsapp.net" },
    });
});

test("a group is a whole JID", () => {
  const jid = "120363039000000000@g.us";
  expect(parseRecipient(jid)).toEqual({ kind: "recipient", recipient: { kind: "group", jid } });
});

test("what contains an @ and is no JID is refused as one, everything else as a number", () => {
  for (const text of [
    "123@s.whatsapp.net",
    "abc@s.whatsapp.net",
    "5511999999999@c.us",
    "@",
    "5511999999999:3@s.whatsapp.net",
    "123456789012345@lid",
  ])
    expect(parseRecipient(text)).toMatchObject({ kind: "refused", code: "INVALID_CHAT_JID" });
  for (const text of [
    "",
    "123456789",
    "1234567890123456",
    "55119999x9999",
    "++5511999999999",
    "٥٥١١٩٩٩٩٩٩٩٩",
  ])
    expect(parseRecipient(text)).toMatchObject({ kind: "refused", code: "VALIDATION_ERROR" });
});

test("whatever is accepted is 10 to 15 digits", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseRecipient(text);
      if (parsed.kind === "recipient" && parsed.recipient.kind === "user")
        expect(parsed.recipient.digits).toMatch(/^[0-9]{10,15}$/);
    }),
  );
});

import { expect, test } from "vitest";
import { changedBy } from "./inbox-change.ts";
import type { PhoneMessage } from "./phone-message.ts";

const message: PhoneMessage = {
  id: "A",
  from: "15550000001",
  to: "15550000002",
  type: "text",
  text: "old",
  copies: 1,
  received_at: "2026-01-01T00:00:00.000Z",
};
const change = (changes: Partial<PhoneMessage>): PhoneMessage => ({
  ...message,
  id: "B",
  target: "A",
  ...changes,
});

test("only the author edits and revokes, and what is revoked is not edited any more", () => {
  expect(changedBy(message, change({ type: "edit", text: "new" }))?.text).toBe("new");
  expect(changedBy(message, change({ type: "edit", from: "15550000003" }))).toBeUndefined();
  expect(changedBy(message, change({ type: "revoke", from: "15550000003" }))).toBeUndefined();
  const revoked = changedBy(message, change({ type: "revoke", text: "" }));
  expect(revoked).toMatchObject({ text: "", revoked_by: "B" });
  expect(changedBy(revoked ?? message, change({ type: "edit", id: "C" }))).toBeUndefined();
});

test("each person has one reaction, the last; an empty one takes it back", () => {
  const [one, two] = ["15550000003", "15550000004"];
  let now = message;
  for (const [from, text] of [
    [one, "👍"],
    [two, "🎉"],
    [one, "❤️"],
    [two, ""],
  ] as const)
    now = changedBy(now, change({ type: "reaction", from, text })) ?? now;
  expect(now.reactions).toEqual({ [one]: "❤️" });
});

test("a change about another message changes nothing, in a group an admin revokes", () => {
  expect(changedBy(message, change({ type: "edit", target: "X" }))).toBeUndefined();
  const to = "120363000000000001@g.us";
  const byAdmin = change({ type: "revoke", from: "15550000009", to });
  expect(changedBy({ ...message, to }, byAdmin)?.revoked_by).toBe("B");
});

import { expect, test } from "vitest";
import { givenToken, trustedUntil } from "./trust-token.ts";

const BUCKET_MS = 604_800_000;
const NOW = 3_000 * BUCKET_MS + 5_000;

test("given for the first time it is noted, beside the contact's own token", () => {
  expect(givenToken(undefined, NOW)).toEqual({
    token: Buffer.alloc(0),
    senderTimestamp: NOW / 1_000,
  });
  const theirs = { token: Buffer.from("t"), timestamp: "1800000000" };
  expect(givenToken(theirs, NOW)).toEqual({ ...theirs, senderTimestamp: NOW / 1_000 });
});

test("it is given once in a bucket of seven days", () => {
  const noted = givenToken(undefined, NOW);
  expect(givenToken(noted, NOW + 1_000)).toBeUndefined();
  expect(givenToken(noted, 3_001 * BUCKET_MS - 1)).toBeUndefined();
  expect(givenToken(noted, 3_001 * BUCKET_MS)).toMatchObject({ senderTimestamp: 3_001 * 604_800 });
});

test("a contact is trusted for four buckets from its token's time, and not by our giving alone", () => {
  const theirs = { token: Buffer.from("t"), timestamp: "1800000000" };
  expect(trustedUntil(theirs)).toBe(1_800_000_000_000 + 4 * BUCKET_MS);
  expect(trustedUntil(givenToken(undefined, NOW))).toBeUndefined();
  expect(trustedUntil({ token: Buffer.from("t") })).toBeUndefined();
  expect(trustedUntil(null)).toBeUndefined();
});

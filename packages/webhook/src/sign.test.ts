import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { isSecret, mintSecret, signatureHeaders, verify } from "./index.ts";

const now = Date.now();
const secret = mintSecret(randomBytes(32));
const older = mintSecret(randomBytes(32));
const content = {
  id: "wh_0123456789abcdef_1700000000000-0",
  timestamp: Math.floor(now / 1_000),
  body: JSON.stringify({ type: "message.sent", data: { text: "olá ✓" } }),
};

test("an independent implementation accepts our signatures, and only with the right secret", () => {
  const headers = signatureHeaders(content, [secret]);
  expect(new Webhook(secret).verify(content.body, headers)).toMatchObject({ type: "message.sent" });
  expect(() => new Webhook(older).verify(content.body, headers)).toThrow("No matching signature");
  expect(() => new Webhook(secret).verify(`${content.body} `, headers)).toThrow();
});

test("while a secret is replaced, both the old and the new one verify", () => {
  const headers = signatureHeaders(content, [secret, older]);
  for (const known of [secret, older]) {
    expect(() => new Webhook(known).verify(content.body, headers)).not.toThrow();
    expect(verify({ headers, body: content.body }, [known], now)).toMatchObject({ kind: "valid" });
  }
});

test("we accept the signatures of an independent implementation", () => {
  const signature = new Webhook(secret).sign(content.id, new Date(now), content.body);
  const headers = {
    "webhook-id": content.id,
    "webhook-timestamp": String(content.timestamp),
    "webhook-signature": `v2,x ${signature}`,
  };
  expect(verify({ headers, body: content.body }, [secret], now)).toEqual({
    kind: "valid",
    id: content.id,
  });
});

test.each([
  ["another body", {}, `${content.body} `, "no_signature_matches"],
  ["another id", { "webhook-id": "wh_other" }, content.body, "no_signature_matches"],
  ["no signature", { "webhook-signature": "" }, content.body, "headers_missing"],
  ["half a signature", { "webhook-signature": "v1," }, content.body, "no_signature_matches"],
  ["a time that is none", { "webhook-timestamp": "soon" }, content.body, "headers_missing"],
])("%s is refused", (_, over, body, reason) => {
  const headers = { ...signatureHeaders(content, [secret]), ...over };
  expect(verify({ headers, body }, [secret], now)).toEqual({ kind: "invalid", reason });
});

test.each([-301_000, 301_000])("%d ms away, a webhook is old or from the future", (away) => {
  const headers = signatureHeaders(content, [secret]);
  expect(verify({ headers, body: content.body }, [secret], now + away)).toMatchObject({
    reason: "timestamp_outside_tolerance",
  });
});

test("a secret is whsec_ and 24 to 64 bytes in base64", () => {
  expect(isSecret(secret)).toBe(true);
  for (const bytes of [24, 64]) expect(isSecret(mintSecret(randomBytes(bytes)))).toBe(true);
  for (const bytes of [0, 23, 65]) expect(isSecret(mintSecret(randomBytes(bytes)))).toBe(false);
  for (const text of ["", "whsec_", secret.slice(6), `${secret} `])
    expect(isSecret(text)).toBe(false);
});

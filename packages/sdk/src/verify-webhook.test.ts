import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { verifyWebhook } from "./verify-webhook.ts";

const now = Date.UTC(2026, 0, 1);
const secret = `whsec_${btoa("0123456789abcdefghijklmnopqrstuv")}`;
const other = `whsec_${btoa("another secret of enough letters")}`;
const body = JSON.stringify({ type: "message.sent", data: { text: "olá ✓" } });

function signed(by = secret): Record<string, string> {
  return {
    "webhook-id": "wh_1",
    "webhook-timestamp": String(now / 1_000),
    "webhook-signature": `v1a,other v1,%% ${new Webhook(by).sign("wh_1", new Date(now), body)}`,
  };
}

test("what an independent implementation signed is verified, from text or bytes, by either of two secrets", async () => {
  const verified = { kind: "verified", id: "wh_1", event: JSON.parse(body) as unknown };
  const headers = new Headers(signed());
  expect(await verifyWebhook({ headers: signed(), body }, { secret, now })).toEqual(verified);
  const bytes = new TextEncoder().encode(body);
  const secrets = { secret: [other, secret], now };
  expect(await verifyWebhook({ headers, body: bytes }, secrets)).toEqual(verified);
});

test.each([
  ["another body", signed(), `${body} `, "no_signature_matches"],
  ["another secret", signed(other), body, "no_signature_matches"],
  ["another id", { ...signed(), "webhook-id": "wh_2" }, body, "no_signature_matches"],
  ["no signature", { ...signed(), "webhook-signature": "" }, body, "headers_missing"],
  ["a time that is none", { ...signed(), "webhook-timestamp": "soon" }, body, "headers_missing"],
])("%s is refused", async (_, headers, given, reason) => {
  const verdict = await verifyWebhook({ headers, body: given }, { secret, now });
  expect(verdict).toEqual({ kind: "refused", reason });
});

test.each([-301_000, 301_000])("%d ms away, it is old or from the future", async (away) => {
  const verdict = await verifyWebhook({ headers: signed(), body }, { secret, now: now + away });
  expect(verdict).toEqual({ kind: "refused", reason: "timestamp_outside_tolerance" });
});

import type { PomboEvent } from "./stream-events.ts";

/** A request that came to a webhook. */
export interface Received {
  /** As `fetch` has them, or Node: names in lower case. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it came: parsing it and writing it again may change it. */
  readonly body: string | Uint8Array;
}

export type Verified =
  | {
      readonly kind: "verified";
      /** The same for every repeat: keep it to do a thing once. */
      readonly id: string;
      readonly event: PomboEvent;
    }
  | {
      readonly kind: "refused";
      readonly reason: "headers_missing" | "timestamp_outside_tolerance" | "no_signature_matches";
    };

export interface VerifyOptions {
  /** The secret of the webhook, `whsec_…`; while one is replaced, both. */
  readonly secret: string | readonly string[];
  /** How far the time of the request may be off; 300 s when absent. */
  readonly toleranceS?: number;
  /** ms since the epoch */
  readonly now?: number;
}

/** Holds a request against the secret of a webhook (Standard Webhooks, v1). Answer `refused` with a 400, and do nothing. */
export async function verifyWebhook(
  { headers, body }: Received,
  { secret, toleranceS = 300, now = Date.now() }: VerifyOptions,
): Promise<Verified> {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const signatures = headerOf(headers, "webhook-signature");
  if (id === "" || signatures === "" || !/^[0-9]{1,12}$/.test(timestamp))
    return { kind: "refused", reason: "headers_missing" };
  if (Math.abs(now / 1_000 - Number(timestamp)) > toleranceS)
    return { kind: "refused", reason: "timestamp_outside_tolerance" };
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = concat(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const given = signatures.split(" ").flatMap((text) => decode(text, "v1,") ?? []);
  for (const one of [secret].flat())
    // oxlint-disable-next-line no-await-in-loop -- one or two
    if (await matches(one, given, signed))
      return {
        kind: "verified",
        id,
        event: JSON.parse(new TextDecoder().decode(bytes)) as PomboEvent,
      };
  return { kind: "refused", reason: "no_signature_matches" };
}

type Bytes = Uint8Array<ArrayBuffer>;

/** In constant time, as WebCrypto verifies. */
async function matches(secret: string, signatures: readonly Bytes[], signed: Bytes) {
  const raw = decode(secret, "whsec_");
  if (raw === undefined) throw new TypeError("a webhook's secret begins with whsec_");
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", raw, hmac, false, ["verify"]);
  const verdicts = signatures.map((one) => crypto.subtle.verify("HMAC", key, one, signed));
  return (await Promise.all(verdicts)).includes(true);
}

/** The bytes behind a prefix, undefined for what is something else. */
function decode(text: string, prefix: string): Bytes | undefined {
  if (!text.startsWith(prefix)) return undefined;
  try {
    return Uint8Array.from(atob(text.slice(prefix.length)), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Bytes {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function headerOf(headers: Received["headers"], name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  return typeof value === "string" ? value : "";
}

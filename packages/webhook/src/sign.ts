import { createHmac } from "node:crypto";
import { keyOf } from "./secret.ts";

export interface SignedContent {
  /** The same for every repeat of a delivery. */
  readonly id: string;
  /** Seconds since the epoch, of this try. */
  readonly timestamp: number;
  readonly body: string;
}

/** The three headers of Standard Webhooks: a signature for each secret, so that a receiver may know the old or the new one. */
export function signatureHeaders(
  content: SignedContent,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  return {
    "webhook-id": content.id,
    "webhook-timestamp": String(content.timestamp),
    "webhook-signature": secrets.map((secret) => signatureOf(content, secret)).join(" "),
  };
}

/** `v1,<base64 of HMAC-SHA256>` */
export function signatureOf({ id, timestamp, body }: SignedContent, secret: string): string {
  const hmac = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`);
  return `v1,${hmac.digest("base64")}`;
}

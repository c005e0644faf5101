import { timingSafeEqual } from "node:crypto";
import { signatureOf } from "./sign.ts";

export interface Received {
  /** As the request has them, names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The bytes as they came, as text; not parsed and written again. */
  readonly body: string;
}

export type Verified =
  | { readonly kind: "valid"; readonly id: string }
  | {
      readonly kind: "invalid";
      readonly reason: "headers_missing" | "timestamp_outside_tolerance" | "no_signature_matches";
    };

const TOLERANCE_S = 300;

/** Tells whether a webhook was signed by one of the secrets, within five minutes of now (ms since the epoch). */
export function verify(
  { headers, body }: Received,
  secrets: readonly string[],
  now: number,
): Verified {
  const [id, time, signatures] = ["id", "timestamp", "signature"].map(
    (name) => headers[`webhook-${name}`] ?? "",
  ) as [string, string, string];
  if (id === "" || signatures === "" || !/^[0-9]{1,12}$/.test(time))
    return { kind: "invalid", reason: "headers_missing" };
  const timestamp = Number(time);
  if (Math.abs(now / 1_000 - timestamp) > TOLERANCE_S)
    return { kind: "invalid", reason: "timestamp_outside_tolerance" };
  const expected = secrets.map((secret) => signatureOf({ id, timestamp, body }, secret));
  const given = signatures.split(" ");
  return given.some((text) => expected.some((own) => isSame(own, text)))
    ? { kind: "valid", id }
    : { kind: "invalid", reason: "no_signature_matches" };
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

import { hash } from "node:crypto";
import type { MessageId } from "@pombo/domain";
import type { Claim, Claimed, StoredAnswer } from "@pombo/ledger";
import type { Answer } from "./answer.ts";
import { randomBytes } from "./random-bytes.ts";

export interface IdempotencyRecords {
  claim(
    claim: Claim,
    request: { readonly fingerprint: string; readonly messageId: MessageId; readonly now: number },
  ): Promise<Claimed>;
  storeAnswer(digest: string, messageId: MessageId, answer: StoredAnswer): Promise<StoredAnswer>;
}

/** The right to serve a request under its Idempotency-Key; scope: API key and route. */
export function claimOf(keyId: string, route: string, idempotencyKey: string): Claim {
  const scope = JSON.stringify([keyId, route, idempotencyKey]);
  return { digest: sha256(scope), token: randomBytes(12).toString("hex") };
}

/** The same for the same body, whatever the order of its keys and its white space. */
export function fingerprintOf(body: unknown): string {
  return sha256(JSON.stringify(body, sortKeys));
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function sha256(text: string): string {
  return hash("sha256", text);
}

/** Why a claimed request can't be served, or undefined when it can. */
export function refuseClaim(claimed: Claimed): Answer | undefined {
  if (claimed.kind === "reused")
    return { kind: "problem", problem: { code: "IDEMPOTENCY_KEY_REUSED" } };
  if (claimed.kind === "in-progress")
    return {
      kind: "problem",
      problem: { code: "IDEMPOTENCY_KEY_IN_PROGRESS", retryAfterMs: claimed.retryAfterMs },
    };
  return undefined;
}

/** The first answer, byte for byte. */
export function replay(stored: StoredAnswer, messageId?: string): Answer {
  return {
    kind: "answer",
    status: stored.status,
    headers: { ...stored.headers, "Idempotent-Replayed": "true" },
    body: stored.body,
    ...(messageId === undefined ? {} : { messageId }),
  };
}

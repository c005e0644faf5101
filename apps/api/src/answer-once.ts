import type { MessageId } from "@pombo/domain";
import type { Answer } from "./answer.ts";
import { refuse } from "./answer.ts";
import type { Reach } from "./fault-point.ts";
import {
  claimOf,
  fingerprintOf,
  type IdempotencyRecords,
  refuseClaim,
  replay,
} from "./idempotency.ts";

export interface OnceRequest {
  readonly caller: { readonly keyId: string };
  readonly body: unknown;
  readonly idempotencyKey?: string;
}

export interface Creation<Id extends string> {
  /** The name of the route: keys of different routes are different. */
  readonly route: string;
  /** Used unless an earlier request under the same key has another one. */
  readonly id: Id;
  /** Creates it unless it is there, and answers. */
  readonly create: (id: Id) => Promise<Answer>;
}

export interface OnceDeps {
  readonly ledger: IdempotencyRecords;
  readonly now: () => number;
  readonly reach?: Reach;
}

/** Creates something once for an Idempotency-Key, whichever request comes through, and answers every repeat the same. */
export async function answerOnce<Id extends string>(
  { caller, body, idempotencyKey }: OnceRequest,
  { route, id, create }: Creation<Id>,
  { ledger, now, reach }: OnceDeps,
): Promise<Answer> {
  if (idempotencyKey === undefined) return create(id);
  const claim = claimOf(caller.keyId, route, idempotencyKey);
  // The record holds the id of what is created, whatever it is.
  const claimed = await ledger.claim(claim, {
    fingerprint: fingerprintOf(body),
    messageId: id as string as MessageId,
    now: now(),
  });
  if (claimed.kind === "accepted" && claimed.answer !== undefined) return replay(claimed.answer);
  if (claimed.kind !== "claimed" && claimed.kind !== "accepted")
    return refuseClaim(claimed) ?? refuse({ code: "INTERNAL_ERROR" });
  reach?.("claimed");
  const answer = await create(claimed.messageId as string as Id);
  if (answer.kind === "problem") return answer;
  const { status, headers } = answer;
  const mine = { status, headers, body: answer.body.toString() };
  const stored = await ledger.storeAnswer(claim.digest, claimed.messageId, mine);
  return stored.body === mine.body ? answer : replay(stored);
}

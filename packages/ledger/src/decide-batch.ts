import { type BatchId, type BatchMove, nextDue } from "@pombo/domain";
import type { BatchRecord } from "./batch-record.ts";
import type { Run } from "./scripts.ts";

/** What a look at a batch came to: a move, or an answer as it is. */
type Decision<Answer> =
  | { readonly kind: "move"; readonly move: BatchMove; readonly uploaded?: true }
  | Answer;

type Move = Extract<Decision<never>, { kind: "move" }>;

/** Decides about a batch as it is, until a decision holds: what the judge answers, or `moved`. */
export type Decide = <Answer extends { readonly kind: string }>(
  id: BatchId,
  now: number,
  judge: (batch: BatchRecord) => Decision<Answer>,
) => Promise<Answer | { readonly kind: "absent" } | { readonly kind: "moved" }>;

export function batchDecider({
  run,
  findBatch,
  uploadMs,
}: {
  readonly run: Run;
  readonly findBatch: (id: BatchId) => Promise<BatchRecord | undefined>;
  readonly uploadMs: number;
}): Decide {
  async function moveBatch(
    seen: BatchRecord,
    { move, uploaded }: Move,
    now: number,
  ): Promise<boolean> {
    const moved = {
      ...seen,
      state: move.to,
      rest: move.rest ?? seen.rest,
      ...(uploaded === true ? { uploadedAt: now } : {}),
    };
    const reply = await run(
      "move-batch",
      seen.id,
      seen.version,
      uploaded === true ? seen.chunks : "",
      move.to,
      eventOf(seen, move),
      move.rest ?? "",
      now,
      uploaded === true ? "1" : "",
      move.reason ?? "",
      nextDue(moved, uploadMs) ?? 0,
    );
    return reply === 1;
  }

  return async (id, now, judge) => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- it changed meanwhile: look again
      const batch = await findBatch(id);
      if (batch === undefined) return { kind: "absent" };
      const decision = judge(batch);
      if (!isMove(decision)) return decision;
      // oxlint-disable-next-line no-await-in-loop
      if (await moveBatch(batch, decision, now)) return { kind: "moved" };
    }
  };
}

function isMove<Answer extends { readonly kind: string }>(
  decision: Decision<Answer>,
): decision is Move {
  return decision.kind === "move";
}

/** What the event of a move is called; empty: there is nothing to tell. */
function eventOf(seen: BatchRecord, { to, rest }: BatchMove): string {
  if (to === seen.state) return rest === "expired" ? "expired" : "";
  if (seen.state === "paused" && (to === "running" || to === "ready")) return "resumed";
  return to === "receiving" ? "resumed" : to;
}

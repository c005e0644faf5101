import type { BatchPageBody } from "@pombo/contract";
import { type BatchId, type BatchWish, isBatchId } from "@pombo/domain";
import type { BatchCursor, BatchRecord, Ledger } from "@pombo/ledger";
import { type Answer, json, refuse } from "../answer.ts";
import type { Caller } from "../authenticate.ts";
import type { Outlooks } from "../batch-outlook.ts";
import type { Call, Handler } from "../bind-route.ts";
import { renderBatch, renderBatchHead } from "../render-batch.ts";
import { maySeeBatch } from "../sees-message.ts";

export interface BatchesDeps {
  readonly ledger: Pick<Ledger, "findBatch" | "listBatches" | "steerBatch">;
  readonly now: () => number;
}

export const noBatch = { code: "BATCH_NOT_FOUND" } as const;

const SCAN_PAGE = 100;
/** Batches that one request looks at. */
const MOST_LOOKED_AT = 2_000;

/** `GET /v1/batches` */
export function listBatches({ ledger }: BatchesDeps): Handler<"listBatches"> {
  return async ({ query, caller }) => {
    const limit = Math.max(1, query.limit ?? 50);
    const found: BatchRecord[] = [];
    let before = query.cursor === undefined ? undefined : readCursor(query.cursor);
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += SCAN_PAGE) {
      const place = before === undefined ? {} : { before };
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
      const page = await ledger.listBatches({ ...place, limit: SCAN_PAGE });
      for (const batch of page.batches) {
        if (isWanted(batch, query) && maySeeBatch(caller, batch)) found.push(batch);
        if (found.length === limit) return answer(found, { at: batch.createdAt, id: batch.id });
      }
      before = page.next;
      if (before === undefined) break;
    }
    return answer(found, before);
  };
}

function isWanted(
  { state, settings }: BatchRecord,
  { status, from }: Call<"listBatches">["query"],
): boolean {
  return (
    (status === undefined || state === status) && (from === undefined || settings.from === from)
  );
}

function answer(found: readonly BatchRecord[], next: BatchCursor | undefined): Answer {
  const body: BatchPageBody = {
    success: true,
    batches: found.map(renderBatchHead),
    next_cursor: next === undefined ? null : `${next.at}.${next.id}`,
  };
  return json(200, body);
}

function readCursor(text: string): BatchCursor {
  const [at, id] = text.split(".");
  return { at: Number(at), id: id as BatchId };
}

/** `GET /v1/batches/:id` */
export function getBatch({ ledger, now }: BatchesDeps, outlooks: Outlooks): Handler<"getBatch"> {
  return async ({ params, caller }) => {
    const batch = await visibleBatch(params.id, caller, ledger);
    if (batch === undefined) return refuse(noBatch);
    return json(200, renderBatch(batch, now(), await outlooks(batch)));
  };
}

/** `POST /v1/batches/:id/pause`, `…/resume` and `…/cancel` */
export function steerBatch(
  { ledger, now }: BatchesDeps,
  wish: BatchWish,
  outlooks: Outlooks,
): (call: Pick<Call<"pauseBatch">, "params" | "caller">) => Promise<Answer> {
  return async ({ params, caller }) => {
    const batch = await visibleBatch(params.id, caller, ledger);
    if (batch === undefined) return refuse(noBatch);
    const steered = await ledger.steerBatch(batch.id, wish, now());
    if (steered.kind === "absent") return refuse(noBatch);
    if (steered.kind === "refused")
      return refuse({
        code: "CONFLICT",
        detail: `The batch has ended: it is ${steered.batch.state}`,
      });
    return json(200, renderBatch(steered.batch, now(), await outlooks(steered.batch)));
  };
}

/** The batch, unless it does not exist or may be sent from a device that the key may not see. */
export async function visibleBatch(
  id: string,
  caller: Caller,
  { findBatch }: Pick<Ledger, "findBatch">,
): Promise<BatchRecord | undefined> {
  const batch = isBatchId(id) ? await findBatch(id) : undefined;
  return batch !== undefined && maySeeBatch(caller, batch) ? batch : undefined;
}

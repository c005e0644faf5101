import { randomBytes } from "node:crypto";
import type { OperationBody } from "@pombo/contract";
import type { Ledger, NewOperation, OperationRecord } from "@pombo/ledger";
import type { Admission } from "../admission.ts";
import { type Answer, instant, json, refuse } from "../answer.ts";
import { answerOnce } from "../answer-once.ts";
import type { Call, Handler } from "../bind-route.ts";
import type { IdempotencyRecords } from "../idempotency.ts";
import { instantOrNull } from "../render-message.ts";
import { filterOf, readCursor } from "./letters.ts";

export interface OperationsDeps {
  readonly ledger: IdempotencyRecords &
    Pick<Ledger, "createOperation" | "findOperation" | "runningOperations">;
  readonly admission: Admission;
  readonly now: () => number;
}

const MOST_LISTED = 100;

type Bulk = Pick<Call<"redriveLetters">, "caller" | "body" | "idempotencyKey">;

/** `POST /v1/dead-letters/redrive` and `…/discard`: begun here, done by the workers. */
export function beginOperation(
  deps: OperationsDeps,
  kind: NewOperation["kind"],
): (call: Bulk) => Promise<Answer> {
  return async (call) => {
    const { caller, body } = call;
    const noRoom = kind === "redrive" ? await deps.admission.refuse("redrive") : undefined;
    if (noRoom !== undefined) return refuse(noRoom);
    const create = async (id: string): Promise<Answer> => {
      const filter = filterOf(body.filter ?? {});
      const { keyId, devices } = caller;
      const until = body.until === undefined ? {} : { until: readCursor(body.until) };
      const now = deps.now();
      const ids = body.filter?.ids === undefined ? {} : { ids: body.filter.ids };
      const anew = kind === "redrive" && body.accept_duplicate === true;
      const about = { filter, devices, ...until, ...ids };
      await deps.ledger.createOperation({ id, kind, keyId, now, anew, ...about });
      return json(202, { success: true, operation_id: id });
    };
    const id = `op_${randomBytes(8).toString("hex")}`;
    return answerOnce(call, { route: `${kind}Letters`, id, create }, deps);
  };
}

/** `GET /v1/operations/:id`; a key that is limited to devices sees its own. */
export function getOperation({ ledger }: Pick<OperationsDeps, "ledger">): Handler<"getOperation"> {
  return async ({ params, caller }) => {
    const operation = await ledger.findOperation(params.id);
    const seen = operation?.keyId === caller.keyId || caller.devices === "*";
    return operation === undefined || !seen
      ? refuse({ code: "NOT_FOUND", detail: "There is no such operation" })
      : json(200, renderOperation(operation));
  };
}

/** `GET /v1/operations`: those that are running. */
export function listOperations({
  ledger,
}: {
  readonly ledger: Pick<Ledger, "findOperation" | "runningOperations">;
}): Handler<"listOperations"> {
  return async ({ caller }) => {
    const ids = await ledger.runningOperations(MOST_LISTED);
    const found = await Promise.all(ids.map((id) => ledger.findOperation(id)));
    const operations = found
      .filter((one) => one !== undefined)
      .filter(({ keyId }) => keyId === caller.keyId || caller.devices === "*")
      .map(renderOperation);
    return json(200, { success: true, operations });
  };
}

function renderOperation(operation: OperationRecord): OperationBody {
  const { id, kind, state, filter, total, done, failed, skipped, refused } = operation;
  return {
    success: true,
    operation_id: id,
    kind,
    state,
    filter: {
      code: filter.code ?? null,
      device_id: filter.deviceId ?? null,
      batch_id: filter.batchId ?? null,
      effect: filter.effect ?? null,
      since: instantOrNull(filter.since),
    },
    total,
    done,
    failed,
    skipped,
    refused: { ...refused },
    created_at: instant(operation.createdAt),
    finished_at: instantOrNull(operation.finishedAt),
  };
}

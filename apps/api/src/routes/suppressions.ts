import { randomBytes } from "node:crypto";
import type { AddedSuppressionsBody, SuppressionBody, SuppressionPageBody } from "@pombo/contract";
import type { Ledger, SuppressionRecord } from "@pombo/ledger";
import { type Answer, instant, json, refuse } from "../answer.ts";
import { answerOnce } from "../answer-once.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Handler } from "../bind-route.ts";
import type { IdempotencyRecords } from "../idempotency.ts";

export interface SuppressionsDeps {
  readonly ledger: IdempotencyRecords &
    Pick<Ledger, "addSuppressions" | "findSuppression" | "listSuppressions" | "removeSuppression">;
  readonly now: () => number;
}

const absent = {
  code: "NOT_FOUND",
  detail: "The recipient is not on the suppression list",
} as const;

/** `POST /v1/suppressions` */
export function addSuppressions(deps: SuppressionsDeps): Handler<"addSuppressions"> {
  return async (call) => {
    const { to, reason = "manual", note } = call.body;
    const wanted = [...new Set(to)].map((recipient) => ({
      recipient,
      reason,
      ...(note === undefined ? {} : { note }),
    }));
    const create = async (): Promise<Answer> => {
      const how = { by: call.caller.keyId, now: deps.now() };
      const counts = { added: 0, changed: 0, already: 0 };
      for (const result of await deps.ledger.addSuppressions(wanted, how)) counts[result] += 1;
      return json(200, { success: true, ...counts } satisfies AddedSuppressionsBody);
    };
    // Nothing is created that has an id: the record of the key needs one all the same.
    const id = `sup_${randomBytes(8).toString("hex")}`;
    return answerOnce(call, { route: "addSuppressions", id, create }, deps);
  };
}

/** `GET /v1/suppressions` */
export function listSuppressions({ ledger }: SuppressionsDeps): Handler<"listSuppressions"> {
  return async ({ query, caller }) => {
    const { cursor, reason } = query;
    const { found, next } = await ledger.listSuppressions({
      ...(cursor === undefined ? {} : { before: Number(cursor) }),
      limit: Math.max(1, query.limit ?? 100),
    });
    const shown = found.filter(
      (entry) =>
        seesSuppression(caller, entry) && (reason === undefined || entry.reason === reason),
    );
    const body: SuppressionPageBody = {
      success: true,
      suppressions: shown.map(fieldsOf),
      next_cursor: next === undefined ? null : String(next),
    };
    return json(200, body);
  };
}

/** `GET /v1/suppressions/:number` */
export function getSuppression({ ledger }: SuppressionsDeps): Handler<"getSuppression"> {
  return async ({ params, caller }) => {
    const found = await ledger.findSuppression(params.number);
    if (found === undefined || !seesSuppression(caller, found)) return refuse(absent);
    const body: SuppressionBody = { success: true, ...fieldsOf(found) };
    return json(200, body);
  };
}

/** `DELETE /v1/suppressions/:number` */
export function removeSuppression({ ledger, now }: SuppressionsDeps): Handler<"removeSuppression"> {
  return async ({ params, caller }) => {
    const found = await ledger.findSuppression(params.number);
    if (found === undefined || !seesSuppression(caller, found)) return refuse(absent);
    const removed = await ledger.removeSuppression(params.number, now());
    return removed ? json(200, { success: true, to: params.number }) : refuse(absent);
  };
}

/** A key for certain devices sees what it added itself, and who opted out with these devices. */
function seesSuppression(caller: Caller, { by }: SuppressionRecord): boolean {
  return by === caller.keyId || maySee(caller, by);
}

function fieldsOf(entry: SuppressionRecord): SuppressionPageBody["suppressions"][number] {
  return {
    to: entry.recipient,
    reason: entry.reason,
    note: entry.note ?? null,
    added_at: instant(entry.at),
    added_by: entry.by === "" ? null : entry.by,
    erased: entry.erased,
  };
}

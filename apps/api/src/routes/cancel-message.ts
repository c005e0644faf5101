import { isMessageId } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { renderMessage } from "../render-message.ts";
import { seesMessage } from "../sees-message.ts";

export interface CancelDeps {
  readonly ledger: Pick<Ledger, "cancel" | "findBatch" | "viewMessage">;
  readonly now: () => number;
}

const absent = { code: "MESSAGE_NOT_FOUND" } as const;

/** `POST /v1/messages/:id/cancel`; canceling twice is no conflict. */
export function cancelMessage({ ledger, now }: CancelDeps): Handler<"cancelMessage"> {
  return async ({ params: { id }, caller }) => {
    if (!isMessageId(id)) return refuse(absent);
    const before = await ledger.viewMessage(id, now());
    if (before === undefined || !(await seesMessage(caller, before.message, { ledger })))
      return refuse(absent);
    const canceled = await ledger.cancel(id, now());
    const view = await ledger.viewMessage(id, now());
    if (view === undefined || canceled.kind === "absent") return refuse(absent);
    if (view.message.status !== "canceled")
      return refuse({
        code: "CONFLICT",
        detail: `The message can't be canceled any more: it is ${view.message.status}`,
        messageId: id,
      });
    return { ...json(200, renderMessage(view)), messageId: id };
  };
}

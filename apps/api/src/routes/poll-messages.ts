import { isMessageId, rowOf } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { json } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { seesMessage } from "../sees-message.ts";

/** `POST /v1/messages/status`: what the key may not see is as if absent. */
export function pollMessages({
  ledger,
}: {
  readonly ledger: Pick<Ledger, "findBatch" | "messageHeads">;
}): Handler<"pollMessages"> {
  return async ({ body, caller }) => {
    const ids = [...new Set(body.ids)].filter(isMessageId);
    const heads = (await ledger.messageHeads(ids)).filter((head) => head !== undefined);
    const visible = await Promise.all(
      heads.map(({ id, deviceId }) =>
        seesMessage(caller, { deviceId, batchId: rowOf(id).batchId }, { ledger }),
      ),
    );
    const seen = new Map(
      heads.filter((_, at) => visible[at] === true).map((head) => [head.id as string, head]),
    );
    const messages = body.ids.map((id) => {
      const head = seen.get(id);
      if (head === undefined) return null;
      const { status, version, code = null } = head;
      return { message_id: id, status, status_version: version, error_code: code };
    });
    return json(200, { success: true, messages });
  };
}

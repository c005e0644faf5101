import { isMessageId } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { json } from "../answer.ts";
import { maySeeMessage } from "../grant.ts";
import type { Handler } from "../bind-route.ts";

/** `POST /v1/messages/status`: what the key may not see is as if absent. */
export function pollMessages({
  ledger,
}: {
  readonly ledger: Pick<Ledger, "messageHeads">;
}): Handler<"pollMessages"> {
  return async ({ body, caller }) => {
    const ids = [...new Set(body.ids)].filter(isMessageId);
    const heads = await ledger.messageHeads(ids);
    const seen = new Map(
      heads.flatMap((head) =>
        head !== undefined && maySeeMessage(caller, head) ? [[head.id as string, head]] : [],
      ),
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

import type { StatusListBody } from "@pombo/contract";
import { isMessageId, type MessageId, rowOf } from "@pombo/domain";
import type { Ledger, MessageHead, MessageRecord } from "@pombo/ledger";
import { json } from "../answer.ts";
import { renderWait } from "../render-message.ts";
import type { Handler } from "../bind-route.ts";
import { seesMessage } from "../sees-message.ts";

export interface PollDeps {
  readonly ledger: Pick<Ledger, "explainWaits" | "findBatch" | "findMessage" | "messageHeads">;
  readonly now: () => number;
}

/** `POST /v1/messages/status`: what the key may not see is as if absent. */
export function pollMessages({ ledger, now }: PollDeps): Handler<"pollMessages"> {
  return async ({ body, caller }) => {
    const ids = [...new Set(body.ids)].filter(isMessageId);
    const heads = (await ledger.messageHeads(ids)).filter((head) => head !== undefined);
    const visible = await Promise.all(
      heads.map(({ id, deviceId }) =>
        seesMessage(caller, { deviceId, batchId: rowOf(id).batchId }, { ledger }),
      ),
    );
    const shown = heads.filter((_, at) => visible[at] === true);
    const waits =
      body.explain === true ? await waitsOf(shown, { ledger, now }) : new Map<MessageId, Waits>();
    const seen = new Map(shown.map((head) => [head.id as string, head]));
    const messages = body.ids.map((id) => {
      const head = seen.get(id);
      if (head === undefined) return null;
      const { status, version, code = null } = head;
      return {
        message_id: id,
        status,
        status_version: version,
        error_code: code,
        ...waits.get(head.id),
      };
    });
    const answer: StatusListBody = { success: true, messages };
    return json(200, answer);
  };
}

type Waits = ReturnType<typeof renderWait>;

/** Why each of them waits; of what moves or is settled, that it doesn't. */
async function waitsOf(
  heads: readonly MessageHead[],
  { ledger, now }: PollDeps,
): Promise<ReadonlyMap<MessageId, Waits>> {
  const records = await Promise.all(
    heads.map(async ({ id, status }) => (WAITING.has(status) ? ledger.findMessage(id) : undefined)),
  );
  const waiting = records.filter((record): record is MessageRecord => record !== undefined);
  const reasons = await ledger.explainWaits(waiting, now());
  const told = new Map(waiting.map(({ id }, at) => [id, reasons[at]]));
  return new Map(heads.map(({ id }) => [id, renderWait(told.get(id))]));
}

const WAITING: ReadonlySet<string> = new Set(["scheduled", "queued", "unknown"]);

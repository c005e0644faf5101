import { isMessageId, isSettled } from "@pombo/domain";
import type { MessageView } from "@pombo/ledger";
import { type Answer, json, refuse } from "../answer.ts";
import type { Call, Handler } from "../bind-route.ts";
import type { JudgeDeps } from "../judge-change.ts";
import { renderDetail } from "../render-detail.ts";
import { seesMessage, type SeesMessageDeps } from "../sees-message.ts";
import { waitForMessage, type WaitForMessageDeps } from "../wait-for-message.ts";

const absent = { code: "MESSAGE_NOT_FOUND" } as const;

/** `GET /v1/messages/:id?wait=30&after_version=N` */
export function getMessage(
  deps: WaitForMessageDeps & SeesMessageDeps & JudgeDeps,
): Handler<"getMessage"> {
  return async (call) => {
    const { id } = call.params;
    if (!isMessageId(id)) return refuse(absent);
    const first = await deps.ledger.viewMessage(id, deps.now());
    if (first === undefined || !(await seesMessage(call.caller, first.message, deps)))
      return refuse(absent);
    const changed = changedSince(first, call.query);
    const ms = (call.query.wait ?? 0) * 1_000;
    if (ms === 0 || changed(first)) return answer(first, deps);
    const { stop: signal, ended } = call.client;
    const view = await waitForMessage(id, { ms, signal, done: changed }, deps);
    if (ended.aborted) return refuse({ code: "INVALID_API_KEY" });
    return view === undefined ? refuse(absent) : answer(view, deps);
  };
}

async function answer(view: MessageView, deps: JudgeDeps): Promise<Answer> {
  return { ...json(200, await renderDetail(view, deps)), messageId: view.message.id };
}

/** With `after_version`: a higher version. Without: any change, or at once when the message is settled: sent, or ended. */
function changedSince(
  { message }: MessageView,
  { after_version: after }: Call<"getMessage">["query"],
): (view: MessageView) => boolean {
  if (after !== undefined) return (view) => view.message.version > after;
  return (view) => isSettled(message.status) || view.message.version > message.version;
}

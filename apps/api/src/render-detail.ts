import type { MessageDetailBody } from "@pombo/contract";
import { catalogRow, type ErrorCode, reworded, type Settings, wordsOf } from "@pombo/domain";
import type { MessageRecord, MessageView } from "@pombo/ledger";
import { judge, type JudgeDeps, sentAtOf } from "./judge-change.ts";
import { instantOrNull, renderMessage } from "./render-message.ts";

type Change = MessageDetailBody["changes"]["edit"];

/** A message with its words, and what may still be done about it. */
export async function renderDetail(view: MessageView, deps: JudgeDeps): Promise<MessageDetailBody> {
  const { message, behind } = view;
  const [edit, deletion] = await Promise.all([
    changeBy("edit", message, deps),
    changeBy("delete", message, deps),
  ]);
  return {
    ...renderMessage(view),
    text: wordsOf(message.content),
    batch_id: message.batchId ?? null,
    priority: message.priority,
    may_have_left: message.mayHaveLeft,
    waits_for: behind ?? null,
    changes: { cancel: cancellationOf(message), edit, delete: deletion },
  };
}

function cancellationOf({ status, mayHaveLeft }: MessageRecord): Change {
  const waits = !mayHaveLeft && (status === "queued" || status === "scheduled");
  return waits
    ? { how: "in_place", until: null, error_code: null, error: null }
    : refused("CONFLICT", `The message can't be canceled any more: it is ${status}`);
}

async function changeBy(
  kind: "edit" | "delete",
  message: MessageRecord,
  deps: JudgeDeps,
): Promise<Change> {
  const verdict = await judge(message, kind, deps);
  if (verdict.kind === "refused") return refused(verdict.code, verdict.detail);
  if (
    kind === "edit" &&
    verdict.kind === "in-place" &&
    reworded(message.content, "x") === undefined
  )
    return refused(
      "CONFLICT",
      `Only words can be edited: the message is a ${message.content.kind}`,
    );
  const how = verdict.kind === "send" ? "send" : "in_place";
  return { how, until: windowEnd(kind, message, deps.settings), error_code: null, error: null };
}

function windowEnd(
  kind: "edit" | "delete",
  message: MessageRecord,
  settings: Settings,
): string | null {
  const sentAt = sentAtOf(message);
  if (sentAt === undefined) return null;
  return instantOrNull(
    sentAt + (kind === "edit" ? settings.edit_window_ms : settings.delete_window_ms),
  );
}

function refused(code: ErrorCode, detail: string): Change {
  const error = detail === "" ? catalogRow(code).says : detail;
  return { how: null, until: null, error_code: code, error };
}

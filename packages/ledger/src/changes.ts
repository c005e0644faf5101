import { ENTRANCES, type MessageContent, type MessageId, rowOf } from "@pombo/domain";
import { originList } from "./attempts.ts";
import type { MessageRecord } from "./message-record.ts";
import type { Run } from "./scripts.ts";

/** What may be done to a message by another request, while it is as that request saw it. */
export type TargetMove =
  | { readonly kind: "cancel" }
  | { readonly kind: "body"; readonly content: MessageContent }
  /** A deletion for everyone is about to be accepted under this id. */
  | { readonly kind: "deleted-by"; readonly messageId: MessageId };

type TargetMoved = "done" | "moved" | "taken" | "absent";

export interface Changes {
  /** `moved`: it has changed since it was read; look at it again · `taken`: another deletion is just being accepted. */
  changeTarget(
    seen: Pick<MessageRecord, "id" | "version"> & Partial<Pick<MessageRecord, "place">>,
    move: TargetMove,
    now: number,
  ): Promise<TargetMoved>;
}

export function changes(run: Run): Changes {
  const origins = originList(ENTRANCES.canceled.command);
  return {
    async changeTarget({ id, version, place }, move, now) {
      const value = valueOf(move);
      if (place === "batch" && move.kind !== "deleted-by") {
        const { batchId, row } = rowOf(id);
        const [kind] = (await run("leave-batch", batchId, row, now, value, version)) as [string];
        return kind === "done" ? "done" : "moved";
      }
      const reply = await run("change-target", id, version, move.kind, value, now, origins);
      return reply as TargetMoved;
    },
  };
}

function valueOf(move: TargetMove): string {
  switch (move.kind) {
    case "cancel":
      return "";
    case "body":
      return JSON.stringify(move.content);
    case "deleted-by":
      return move.messageId;
  }
}

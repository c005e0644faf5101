import { type BatchId, CHUNK_ROWS, ENTRANCES, type MessageContent } from "@pombo/domain";
import { originList } from "./attempts.ts";
import type { Ownership } from "./lane.ts";
import { carriedBy, carriedText } from "./media.ts";
import type { Run } from "./scripts.ts";

/** A row as the message that it becomes. */
export interface RenderedRow {
  readonly row: number;
  /** digits, or a group JID */
  readonly to: string;
  readonly content: MessageContent;
  readonly clientRef?: string;
  readonly metadata?: unknown;
}

export interface Draw {
  readonly batchId: BatchId;
  /** The first row that was not drawn yet. */
  readonly from: number;
  /** The first one that is not drawn after it: everything between them that is not in `rows` was not accepted. */
  readonly to: number;
  readonly rows: readonly RenderedRow[];
  readonly now: number;
}

/** How rows of a batch become messages. */
export interface Draws {
  /** `moved`: another draw came first, or the batch gives nothing now. A repeat draws nothing more. */
  drawRows(own: Ownership, draw: Draw): Promise<"drawn" | "moved" | "fenced">;
  /** Ends what was drawn from a batch that has ended and has not left; true when there is more to look at. */
  sweepBatch(id: BatchId, now: number): Promise<boolean>;
}

/** Rows that one step of a sweep looks at. */
const SWEEP_STEP = CHUNK_ROWS / 2;

export function draws(run: Run): Draws {
  const origins = originList(ENTRANCES.canceled.command);
  return {
    async drawRows({ deviceId, epoch }, { batchId, from, to, rows, now }) {
      const flat = rows.flatMap(({ row, to: recipient, content, clientRef = "", metadata }) => {
        const carried = carriedBy(content);
        return [
          row,
          recipient,
          JSON.stringify(content),
          clientRef,
          metadata === undefined ? "" : JSON.stringify(metadata),
          carried === undefined ? "" : carriedText(carried),
        ];
      });
      const reply = await run("draw-rows", deviceId, epoch, now, batchId, from, to, ...flat);
      const [kind] = reply as ["drawn" | "moved" | "fenced"];
      return kind;
    },
    async sweepBatch(id, now) {
      return (await run("sweep-batch", id, now, SWEEP_STEP, origins)) === 1;
    },
  };
}

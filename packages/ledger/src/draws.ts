import {
  type BatchId,
  dealRows,
  type DeviceId,
  ENTRANCES,
  GIVING_BACK,
  type MessageContent,
  type PoolId,
  type Settings,
} from "@pombo/domain";
import { originList } from "./attempts.ts";
import type { Ownership } from "./lane.ts";
import { carriedBy, carriedText } from "./media.ts";
import { chooseAmong, poolSurveys, recentSurveys } from "./pool-survey.ts";
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
  /** As the hint had it: rows that were rewritten since are read anew. 0 when absent. */
  readonly edition?: number;
  /** It is sent from a pool. */
  readonly poolId?: PoolId;
  readonly now: number;
}

/** How rows of a batch become messages. */
export interface Draws {
  /**
   * `moved`: another draw came first, or the batch gives nothing now. A repeat draws nothing more. Rows of a pool go to the devices that
   * their recipients are tied to, and the others as `dealRows` says.
   */
  drawRows(own: Ownership, draw: Draw): Promise<"drawn" | "moved" | "fenced">;
  /** Ends what was drawn from a batch that has ended and has not left; true when there is more to look at. */
  sweepBatch(id: BatchId, now: number): Promise<boolean>;
}

/** Rows that one step of a sweep looks at. */
const SWEEP_STEP = 100;

export function draws(run: Run, settings: Settings): Draws {
  const origins = originList(ENTRANCES.canceled.command);
  const states = originList(GIVING_BACK);
  const recent = recentSurveys(poolSurveys(run, settings), settings.pool_seen_ms);

  /** Who gets rows whose recipients have no tie. */
  async function deal(poolId: PoolId, draw: { by: DeviceId; count: number; now: number }) {
    const { ids } = await chooseAmong(recent(poolId, draw.now), (devices, strategy) =>
      dealRows(devices, strategy, draw),
    );
    return ids;
  }

  return {
    async drawRows({ deviceId, epoch }, { batchId, from, to, rows, now, poolId, edition = 0 }) {
      const dealt =
        poolId === undefined ? [] : await deal(poolId, { by: deviceId, count: rows.length, now });
      const gives = poolId === undefined ? "" : states;
      const where = [deviceId, epoch, now, batchId, from, to, edition];
      const head = [...where, gives, dealt.length, ...dealt];
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
      const reply = await run("draw-rows", ...head, ...flat);
      const [kind] = reply as ["drawn" | "moved" | "fenced"];
      return kind;
    },
    async sweepBatch(id, now) {
      return (await run("sweep-batch", id, now, SWEEP_STEP, origins)) === 1;
    },
  };
}

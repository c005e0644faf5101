import type { BatchBody, BatchPageBody } from "@pombo/contract";
import { type BatchCounts, isEnded, type MessageContent, rateOf } from "@pombo/domain";
import type { BatchRecord } from "@pombo/ledger";
import { instant } from "./answer.ts";
import type { BatchOutlook } from "./batch-outlook.ts";
import { instantOrNull } from "./render-message.ts";

/** A batch as a list shows it. */
export function renderBatchHead(batch: BatchRecord): BatchPageBody["batches"][number] {
  const { id, state, settings, counts, createdAt, uploadedAt, endedAt } = batch;
  return {
    batch_id: id,
    name: settings.name ?? null,
    status: state,
    reason: batch.reason ?? null,
    from: settings.from,
    priority: settings.priority,
    counts: { ...counts },
    created_at: instant(createdAt),
    ready_at: instantOrNull(uploadedAt),
    ended_at: instantOrNull(endedAt),
  };
}

/** `outlook`: absent while that depends on somebody. */
export function renderBatch(batch: BatchRecord, now: number, outlook?: BatchOutlook): BatchBody {
  const { settings, windows } = batch;
  const rate = rateOf(windows, now);
  return {
    success: true,
    ...renderBatchHead(batch),
    rows: batch.rows,
    rate: rate === 0 ? null : rate,
    eta: instantOrNull(
      etaOf(batch, rate, now) ?? (outlook?.moving === true ? outlook.finishAt : undefined),
    ),
    forecast:
      outlook === undefined
        ? null
        : { finishes_at: instantOrNull(outlook.finishAt), at: instant(outlook.at) },
    failures: batch.failures.map(({ code, count }) => ({ error_code: code, count })),
    template: settings.template === undefined ? null : templateShown(settings.template),
    send_at: instantOrNull(settings.sendAt),
    expires_at: instantOrNull(settings.expiresAt),
    quiet_hours: settings.quietHours ?? null,
    dedupe: settings.dedupe,
    on_invalid: settings.onInvalid,
    start: settings.start,
  };
}

/** Words alone are shown as they were sent. */
function templateShown(template: MessageContent): string {
  const { kind, ...rest } = template;
  return kind === "text" && "text" in rest && Object.keys(rest).length === 1
    ? rest.text
    : JSON.stringify({ kind, ...rest });
}

const WAITING = ["scheduled", "queued", "sending"] as const satisfies (keyof BatchCounts)[];

/** When the last message will have left if it goes on as lately; undefined when nothing can be said. */
function etaOf(batch: BatchRecord, rate: number, now: number): number | undefined {
  if (isEnded(batch.state) || batch.state === "paused" || rate === 0) return undefined;
  const left = WAITING.reduce((sum, status) => sum + batch.counts[status], 0);
  return now + (left / rate) * 1_000;
}

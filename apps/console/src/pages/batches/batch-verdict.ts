import { counted, formatClock, formatCount, formatTime } from "../../ui/format.ts";
import { acknowledged, type Batch, waiting } from "./outcome.ts";

type Told = Pick<
  Batch,
  | "status"
  | "reason"
  | "counts"
  | "rows"
  | "rate"
  | "eta"
  | "forecast"
  | "start"
  | "send_at"
  | "ready_at"
>;

/** When is it done, what went wrong: one sentence or two. `now`: ms since the epoch. */
export function batchVerdict(batch: Told, now: number): string {
  const { status, counts } = batch;
  switch (status) {
    case "receiving":
      return `The upload goes on: ${counted(batch.rows, "row")} so far. ${
        batch.start === "streaming"
          ? "Rows are sent while others come."
          : "Nothing is sent before it has ended."
      }`;
    case "ready":
      return batch.send_at === null
        ? `${counted(counts.accepted, "message")} are about to be sent.`
        : `Sending begins ${formatTime(Date.parse(batch.send_at), now)}: ${counted(counts.accepted, "message")}.`;
    case "running":
      return running(batch, now);
    case "paused":
      return `Paused: ${counted(waiting(counts), "message")} ${waiting(counts) === 1 ? "waits" : "wait"} until somebody resumes it.`;
    case "completed":
      return completed(counts);
    case "canceled":
      return canceled(batch);
    case "abandoned":
      return "The upload never ended, so nothing of it is sent. Upload the file again.";
  }
}

function running(batch: Told, now: number): string {
  const { counts } = batch;
  const left = waiting(counts);
  if (left === 0)
    return counts.sending > 0
      ? `The last ${counted(counts.sending, "message")} ${counts.sending === 1 ? "is" : "are"} on the way.`
      : `Everything has left. ${counted(counts.unknown, "message")} ${counts.unknown === 1 ? "has" : "have"} no answer yet.`;
  const done = `${formatCount(acknowledged(counts))} of ${counted(counts.accepted, "message")} acknowledged, ${formatCount(left)} to go`;
  const range = etaText(batch, now);
  if (range === undefined) return `${done}. Nobody can say how long that takes: see the devices.`;
  return batch.rate === null
    ? `${done}. Nothing left lately; foreseen: done ${range}.`
    : `${done}, done ${range}.`;
}

function completed(counts: Batch["counts"]): string {
  const { accepted, failed, expired } = counts;
  const lost = [
    ...(failed === 0 ? [] : [`${formatCount(failed)} failed`]),
    ...(expired === 0 ? [] : [`${formatCount(expired)} expired`]),
  ];
  if (accepted === 0) return "Done: no row of the upload could be sent.";
  if (lost.length > 0)
    return `Done: ${formatCount(acknowledged(counts))} of ${counted(accepted, "message")} acknowledged, ${lost.join(", ")}.`;
  return accepted === 1
    ? "Done: its message was acknowledged."
    : `Done: all ${formatCount(accepted)} messages were acknowledged.`;
}

const REASONS: Readonly<Record<NonNullable<Batch["reason"]>, string>> = {
  rows_refused: "Canceled: a row could not be sent, and the upload was to be sent whole or not.",
  device_deleted: "Canceled: its device was deleted.",
  identity_changed: "Canceled: its device was paired with another number.",
  upload_not_ended: "Canceled: its upload never ended.",
};

function canceled({ reason, counts }: Told): string {
  const first = reason === null ? "Canceled." : REASONS[reason];
  const left = acknowledged(counts) + counts.unknown + counts.sending;
  return left === 0
    ? `${first} Nothing had left.`
    : `${first} ${counted(left, "message")} had left and can’t be recalled.`;
}

/** Two guesses that far apart are shown as a range. */
const SAME_MS = 120_000;
const DAY_MS = 86_400_000;

/** "about 14:02:00", "between 14:02:00 and 14:20:00": the pace of the last seconds, and what caps and quiet hours foretell. */
export function etaText(batch: Pick<Batch, "eta" | "forecast">, now: number): string | undefined {
  const guesses = [batch.eta, batch.forecast?.finishes_at ?? null]
    .flatMap((text) => (text === null ? [] : [Math.max(now, Date.parse(text))]))
    .toSorted((a, b) => a - b);
  const [first, last = first] = guesses;
  if (first === undefined || last === undefined) return undefined;
  if (last - now < 1_000) return "any moment";
  const says = (at: number): string =>
    at - now < DAY_MS ? formatClock(at).slice(0, 5) : formatTime(at, now);
  return last - first < SAME_MS
    ? `about ${says(last)}`
    : `between ${says(first)} and ${says(last)}`;
}

/** What the list of batches answers first. */
export function batchesVerdict(batches: readonly Pick<Batch, "status">[]): string {
  const of = (status: Batch["status"]): number =>
    batches.filter((batch) => batch.status === status).length;
  const parts = [
    ...(of("running") === 0 ? [] : [`${counted(of("running"), "batch", "batches")} being sent`]),
    ...(of("paused") === 0 ? [] : [`${formatCount(of("paused"))} paused`]),
    ...(of("receiving") === 0 ? [] : [`${formatCount(of("receiving"))} being uploaded`]),
    ...(of("ready") === 0 ? [] : [`${formatCount(of("ready"))} waiting for the time to start`]),
  ];
  return parts.length === 0 ? "No batch is being sent." : `${parts.join(", ")}.`;
}

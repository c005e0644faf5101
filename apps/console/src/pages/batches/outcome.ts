import type { Output } from "@pombo/sdk";
import type { Segment } from "../../ui/segmented-bar.tsx";

export type Batch = Output<"getBatch">;
export type Counts = Batch["counts"];

/** What is with WhatsApp, or may be: it can't be recalled. */
export function withWhatsApp(counts: Counts): number {
  const { sending, sent, delivered, read, played, unknown } = counts;
  return sending + sent + delivered + read + played + unknown;
}

/** What WhatsApp's server has acknowledged. */
export function acknowledged({ sent, delivered, read, played }: Counts): number {
  return sent + delivered + read + played;
}

/** What has not left yet. */
export function waiting({ scheduled, queued }: Counts): number {
  return scheduled + queued;
}

/** Rows of the upload that are no messages. */
export function leftOut({ invalid, duplicate, suppressed }: Counts): number {
  return invalid + duplicate + suppressed;
}

/** Accepted rows by what became of them, best first. */
export function segmentsOf(counts: Counts): readonly Segment[] {
  return [
    { id: "read", label: "Read", count: counts.read + counts.played, role: "moving" },
    { id: "delivered", label: "Delivered", count: counts.delivered, role: "moving" },
    { id: "sent", label: "Sent", count: counts.sent, role: "moving" },
    { id: "sending", label: "Sending", count: counts.sending, role: "moving", striped: true },
    { id: "unknown", label: "Unknown", count: counts.unknown, role: "waiting", striped: true },
    { id: "failed", label: "Failed", count: counts.failed, role: "needs-you" },
    { id: "waiting", label: "Waiting", count: waiting(counts), role: "neutral" },
    { id: "expired", label: "Expired", count: counts.expired, role: "neutral", striped: true },
    { id: "canceled", label: "Canceled", count: counts.canceled, role: "neutral", striped: true },
  ];
}

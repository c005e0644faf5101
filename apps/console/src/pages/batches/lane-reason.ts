import type { Output } from "@pombo/sdk";

type Lane = Output<"getBatchLanes">["lanes"][number];
type Reason = NonNullable<Lane["blocked_by"]>;

const REASONS: Readonly<Record<Reason, string>> = {
  no_worker: "No worker runs it: rows wait until one takes it.",
  device_offline: "It is not connected: rows wait until it is.",
  lane_paused: "Its lane is paused: resume it to go on.",
  account_hold: "WhatsApp limits its new chats; people it talks to already still get theirs.",
  quiet_hours: "Its recipients sleep.",
  scheduled: "The time to send has not come.",
  pacing: "It goes at its pace.",
  budget: "What it may send today is spent.",
  order: "An earlier message to the same person comes first.",
  retry: "It waits to try again.",
  reconcile: "It waits to learn what became of a message.",
  recipient_check: "It looks up whether the recipient is on WhatsApp.",
  identity_changed: "It was paired with another number: release or discard what waits.",
  batch_paused: "The batch is paused.",
  media: "A file is being fetched.",
};

/** Why a device does not send now, as a sentence. */
export function laneReason({
  blocked_by: reason,
  held,
}: Pick<Lane, "blocked_by" | "held">): string {
  if (reason !== null) return REASONS[reason];
  return held > 0 ? "It sends; new chats are held by WhatsApp." : "It sends.";
}

import type { Output } from "@pombo/sdk";
import { counted, formatCount, formatTime } from "../../ui/format.ts";

export type Webhook = Output<"listWebhooks">["webhooks"][number];

type Told = Pick<Webhook, "state" | "reason" | "circuit" | "deliveries" | "gap">;

/** Whether the receiver gets everything: what is wrong, what follows, what to do. `now`: ms since the epoch. */
export function webhookVerdict(
  { state, reason, circuit, deliveries, gap }: Told,
  now: number,
): string {
  const { parked, retrying } = deliveries;
  const held =
    parked === 0
      ? ""
      : ` ${counted(parked, "delivery", "deliveries")} ${parked === 1 ? "is" : "are"} parked: redeliver what failed.`;
  if (state === "disabled")
    return reason === "gone"
      ? "It answered 410, so nothing is posted any more. Correct the address, then resume it."
      : "It is switched off. Events wait for up to a week; resume it to post them.";
  if (state === "parked")
    return "It was so far behind that the event log could not wait any longer. Resume it; the gap is shown then.";
  if (circuit.state === "open" && circuit.open_until !== null)
    return `It failed ${formatCount(circuit.failures)} times in a row and is left alone; the next try is ${formatTime(Date.parse(circuit.open_until), now)}.${held}`;
  if (parked > 0) return `Not everything arrived.${held}`;
  if (retrying > 0)
    return `${counted(retrying, "delivery", "deliveries")} failed and ${retrying === 1 ? "is" : "are"} tried again.`;
  if (gap !== null) return "It gets everything now, but was not told the events of a gap.";
  return "It gets everything.";
}

/** A webhook that needs somebody stands before one that waits, and that before the others. */
export function urgencyOf({
  state,
  reason,
  circuit,
  deliveries,
}: Told): "needs-you" | "waiting" | "moving" {
  if (state === "parked" || (state === "disabled" && reason !== "requested")) return "needs-you";
  if (deliveries.parked > 0) return "needs-you";
  if (state === "disabled" || circuit.state === "open" || deliveries.retrying > 0) return "waiting";
  return "moving";
}

/** What the list answers first. */
export function webhooksVerdict(webhooks: readonly Told[]): string {
  if (webhooks.length === 0) return "No webhook: nobody is told what happens.";
  const needs = webhooks.filter((one) => urgencyOf(one) === "needs-you").length;
  const waits = webhooks.filter((one) => urgencyOf(one) === "waiting").length;
  if (needs > 0)
    return `${formatCount(needs)} of ${counted(webhooks.length, "webhook")} ${needs === 1 ? "does" : "do"} not get everything.`;
  if (waits > 0)
    return `${formatCount(waits)} of ${counted(webhooks.length, "webhook")} ${waits === 1 ? "waits" : "wait"}; nothing is lost.`;
  return webhooks.length === 1
    ? "The webhook gets everything."
    : `All ${formatCount(webhooks.length)} webhooks get everything.`;
}

type Delivery = Output<"listDeliveries">["deliveries"][number];

/** "200", "timeout", "–": how the last request was answered. */
export function answerText({
  http_status: status,
  error,
}: Pick<Delivery, "http_status" | "error">): string {
  return status === null ? (error ?? "–").replaceAll("_", " ") : String(status);
}

type Redelivered = Pick<Output<"redeliverWebhook">, "webhook_state" | "opened" | "left">;

/** What becomes of one delivery that goes again. */
export function redeliveredOne({
  webhook_state: state,
}: Pick<Redelivered, "webhook_state">): string {
  return state === "enabled"
    ? "It is on its way again, under the same id."
    : "It waits, under the same id, until the webhook is resumed.";
}

/** What becomes of all that failed. */
export function redeliveredAll({ webhook_state: state, opened, left }: Redelivered): string {
  const what = counted(opened ?? 0, "delivery", "deliveries");
  const goes =
    state === "enabled"
      ? `${what} on the way.`
      : `${what} ${opened === 1 ? "waits" : "wait"} until the webhook is resumed.`;
  if (left === 0) return goes;
  return `${goes} ${counted(left, "delivery is", "deliveries are")} still parked: do it again when these are through.`;
}

/** Since when what failed is sent again, by the choice of a list; ms since the epoch. */
export const SINCE = [
  { value: "1", label: "the last hour" },
  { value: "24", label: "the last day" },
  { value: "168", label: "the last week" },
  { value: "720", label: "the last 30 days" },
] as const;

const HOUR_MS = 3_600_000;

export function sinceOf(hours: string, now: number): string {
  return new Date(now - Number(hours) * HOUR_MS).toISOString();
}

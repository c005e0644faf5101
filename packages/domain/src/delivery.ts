import { doubling } from "./next-step.ts";
import type { Settings } from "./settings.ts";

/**
 * The life of a delivery, one event for one endpoint:
 *
 * ```
 *  open ─► (post) ─► delivered            2xx
 *   ▲         ├────► retrying ─► (post)   anything else, for a day
 *   │         ├────► parked               the day is over
 *   │         └────► open                 410: the endpoint is disabled, what is open waits for it
 *   └── redelivered, from delivered or parked
 * ```
 */

export const DELIVERY_STATES = ["open", "retrying", "delivered", "parked", "failed"] as const;

/** `failed`: it is not tried again: a test, or what was erased. */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Why there was no answer. */
export type DeliveryFailure = "timeout" | "dns" | "connection" | "tls" | "refused_address";

export type DeliveryOutcome =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly retryAfterMs?: number;
      /** The beginning of its words, on one line; absent when it had none. */
      readonly excerpt?: string;
    }
  | { readonly kind: "unanswered"; readonly reason: DeliveryFailure };

export interface DeliveryTry {
  /** Tries so far, this one included. */
  readonly number: number;
  /** When it was first tried, or its endpoint was resumed, whatever came later; ms since the epoch. */
  readonly since: number;
  readonly now: number;
  /** 0 ≤ jitter < 1 */
  readonly jitter: number;
}

export type DeliveryVerdict =
  | { readonly kind: "delivered" }
  | { readonly kind: "gone" }
  | { readonly kind: "retry"; readonly at: number }
  | { readonly kind: "park" };

const GONE = 410;

/** What becomes of a delivery after a try. Redirects are failures: the signed request is for the address that was registered. */
export function judgeDelivery(
  outcome: DeliveryOutcome,
  { number, since, now, jitter }: DeliveryTry,
  settings: Settings,
): DeliveryVerdict {
  if (outcome.kind === "answered") {
    if (outcome.status >= 200 && outcome.status < 300) return { kind: "delivered" };
    if (outcome.status === GONE) return { kind: "gone" };
  }
  const ends = since + settings.webhook_retry_ms;
  if (now >= ends) return { kind: "park" };
  const cap = settings.webhook_backoff_cap_ms;
  const ceiling = doubling(settings.webhook_backoff_base_ms, cap, number - 1);
  // Half of it is certain: an endpoint that just failed is not asked again at once.
  const wait = Math.round((ceiling * (1 + jitter)) / 2);
  const named = outcome.kind === "answered" ? Math.min(outcome.retryAfterMs ?? 0, cap) : 0;
  return { kind: "retry", at: Math.min(now + Math.max(wait, named), Math.max(ends, now + 1)) };
}

/** How long an endpoint is left alone; `opens` counts how often in a row it was already. */
export function circuitWait(opens: number, settings: Settings): number {
  return doubling(settings.webhook_circuit_ms, settings.webhook_circuit_cap_ms, opens);
}

/** What an endpoint has open. */
export interface Backlog {
  /** Deliveries that are neither delivered nor parked. */
  readonly open: number;
  /** Of these, those that wait for their next try. */
  readonly retrying: number;
  /** Until when the endpoint is left alone, ms since the epoch; 0: its circuit is closed. */
  readonly openUntil: number;
}

/** How many further events an endpoint may be given now. One whose rest is over gets a single one: it shows whether the endpoint is back. */
export function roomOf(
  { open, retrying, openUntil }: Backlog,
  now: number,
  settings: Settings,
): number {
  const ready = Math.max(0, open - retrying);
  const room = Math.min(settings.webhook_in_hand - ready, settings.webhook_open_limit - open);
  if (openUntil === 0) return Math.max(0, room);
  return now >= openUntil && ready === 0 ? Math.min(1, Math.max(0, room)) : 0;
}

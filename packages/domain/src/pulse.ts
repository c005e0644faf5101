import { type ErrorCode, isErrorCode } from "./catalog.ts";

/**
 * What happened in a stretch of time, as the ledger's scripts count it: by status that was entered, acks and deliveries by slot of how long
 * they took, failures and retries by code. Counts of two stretches add up.
 */
export type Tallies = ReadonlyMap<string, number>;

export const PULSE_COUNTS = [
  "accepted",
  "sent",
  "delivered",
  "read",
  "played",
  "unknown",
  "retried",
  "failed",
  "expired",
  "canceled",
] as const;

type PulseCount = (typeof PULSE_COUNTS)[number];

/** How long something took: slot → how often. A slot is a quarter of a doubling, so a time read from it is right within 9 %. */
type Slots = ReadonlyMap<number, number>;

export interface Pulse {
  readonly counts: Readonly<Record<PulseCount, number>>;
  /** From the acceptance, or from `send_at`, to WhatsApp's ack. */
  readonly acks: Slots;
  /** From the ack to the first receipt. */
  readonly deliveries: Slots;
  readonly failures: ReadonlyMap<ErrorCode, number>;
  readonly retries: ReadonlyMap<ErrorCode, number>;
  /** Leases that were taken. */
  readonly leases: number;
}

export function addTallies(all: readonly Tallies[]): Tallies {
  const sum = new Map<string, number>();
  for (const tallies of all)
    for (const [field, count] of tallies) sum.set(field, (sum.get(field) ?? 0) + count);
  return sum;
}

export function readPulse(tallies: Tallies): Pulse {
  const counts = Object.fromEntries(PULSE_COUNTS.map((name) => [name, 0])) as Record<
    PulseCount,
    number
  >;
  const [acks, deliveries] = [new Map<number, number>(), new Map<number, number>()];
  const [failures, retries] = [new Map<ErrorCode, number>(), new Map<ErrorCode, number>()];
  for (const [field, count] of tallies) {
    const [status = "", apart = ""] = field.split("|");
    const name = status === "queued" && apart !== "" ? "retried" : status;
    if (isPulseCount(name)) counts[name] += count;
    if (status === "sent" && apart !== "") acks.set(Number(apart), count);
    if (status === "delivered" && apart !== "") deliveries.set(Number(apart), count);
    if (status === "failed" && isErrorCode(apart)) failures.set(apart, count);
    if (status === "queued" && isErrorCode(apart)) retries.set(apart, count);
  }
  return { counts, acks, deliveries, failures, retries, leases: tallies.get("lease") ?? 0 };
}

function isPulseCount(name: string): name is PulseCount {
  return (PULSE_COUNTS as readonly string[]).includes(name);
}

/** The time, ms, that the share `q` (0 to 1) of all did not exceed; undefined when there was nothing. */
export function quantileOf(slots: Slots, q: number): number | undefined {
  const total = [...slots.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = q * total;
  let passed = 0;
  for (const [slot, count] of [...slots].toSorted(([a], [b]) => a - b)) {
    passed += count;
    if (passed < rank) continue;
    const share = (rank - (passed - count)) / count;
    return Math.round(2 ** ((slot + share) / 4));
  }
  return undefined;
}

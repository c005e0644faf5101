import { type Blocker, type DeviceState, isOnline } from "./device-state.ts";
import type { MessageStatus } from "./message-status.ts";

/** What is known of a message that waits, and of the lane and device that it waits for. Times are ms since the epoch. */
export interface WaitFacts {
  readonly status: MessageStatus;
  /** `batch`: not drawn from its batch yet. */
  readonly place: "backlog" | "window" | "waiting" | "held" | "due" | "parked" | "batch" | "";
  readonly since: number;
  readonly nextAt?: number;
  /** Why it waits for `nextAt`. */
  readonly why?: Blocker;
  readonly sameGeneration: boolean;
  readonly device: { readonly state: DeviceState; readonly since: number; readonly owned: boolean };
  readonly throttledUntil: number;
  readonly heldUntil: number;
  readonly paceAt: number;
  /** The day's messages are spent until then; 0 = they aren't. */
  readonly budgetSpentUntil: number;
  readonly paused: boolean;
  /** It was found out whether the recipient is on WhatsApp. */
  readonly recipientKnown: boolean;
  /** Between two messages of the lane: its pace, or what was measured; 0 = nobody can say. */
  readonly gapMs: number;
  /** Of the batch that it belongs to, when that does not go on: since when. */
  readonly batchStill?: number;
  /** Messages of the lane that go first. */
  readonly ahead: number;
  readonly now: number;
}

export interface Wait {
  readonly blockedBy: Blocker;
  readonly since: number;
  readonly eta?: number;
}

/** Says why a message doesn't move, or nothing when it moves or is settled. */
export function explainWait(facts: WaitFacts): Wait | undefined {
  const { status, place, since } = facts;
  const timed = timedAfter(facts.now);
  if (status !== "queued" && status !== "unknown" && status !== "scheduled") return undefined;
  if (status === "unknown") return timed("reconcile", since, facts.nextAt);
  if (status === "scheduled") return timed("scheduled", since, facts.nextAt);
  if (facts.batchStill !== undefined)
    return { blockedBy: "batch_paused", since: Math.max(since, facts.batchStill) };
  if (!facts.sameGeneration) return { blockedBy: "identity_changed", since };
  if (place === "due") return timed(facts.why ?? "retry", since, facts.nextAt);
  return explainDevice(facts) ?? explainLane(facts);
}

function explainDevice({ device }: WaitFacts): Wait | undefined {
  // A device whose worker died still reads as it was: what is missing is the worker.
  const left = isOnline(device.state) || device.state === "connecting";
  if (left && !device.owned) return { blockedBy: "no_worker", since: device.since };
  if (!isOnline(device.state)) return { blockedBy: "device_offline", since: device.since };
  return undefined;
}

function explainLane({ place, since, ...lane }: WaitFacts): Wait | undefined {
  const timed = timedAfter(lane.now);
  if (place === "held") return timed("account_hold", since, lane.heldUntil);
  if (place === "waiting") return { blockedBy: "order", since };
  if (lane.paused) return { blockedBy: "lane_paused", since };
  if (lane.throttledUntil > lane.now) return timed("pacing", since, lane.throttledUntil);
  const inLine = place === "backlog" || place === "batch";
  if (inLine && lane.budgetSpentUntil > lane.now)
    return timed("budget", since, lane.budgetSpentUntil);
  if (place === "window")
    return { blockedBy: lane.recipientKnown ? "pacing" : "recipient_check", since };
  const eta = Math.max(lane.paceAt, lane.now) + lane.ahead * lane.gapMs;
  return timed("pacing", since, eta);
}

/** A time that has passed says nothing about when it goes on. */
function timedAfter(now: number) {
  return (blockedBy: Blocker, since: number, eta = 0): Wait =>
    eta > now ? { blockedBy, since, eta } : { blockedBy, since };
}

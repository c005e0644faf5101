import type { Blocker } from "./device-state.ts";
import { type DeviceState, isOnline } from "./device-state.ts";

/** What a message of a lane passes on its way, in this order. */
export const GATES = [
  "worker",
  "connection",
  "pause",
  "throttle",
  "hold",
  "batch",
  "quiet_hours",
  "budget",
  "pace",
  "order",
  "retry",
] as const;

/** Messages that stand aside for one reason. Times are ms since the epoch. */
export interface WaitingFor {
  readonly count: number;
  /** When the first of them goes on. */
  readonly until?: number;
}

/** A lane as its gates see it. Times are ms since the epoch; 0 = none. */
export interface GateFacts {
  readonly now: number;
  readonly state: DeviceState;
  readonly stateAt: number;
  /** A worker that shows life holds the lease. */
  readonly owned: boolean;
  readonly leftAt: number;
  readonly pausedAt: number;
  readonly throttledUntil: number;
  readonly heldUntil: number;
  readonly budgetSpentUntil: number;
  readonly paceAt: number;
  /** Messages that may go in their turn, as far as the lane goes. */
  readonly ready: number;
  readonly aside: ReadonlyMap<Blocker, WaitingFor>;
}

/** `not_reached`: an earlier gate stops what would come here. */
export interface Gate {
  readonly gate: (typeof GATES)[number];
  readonly state: "pass" | "stop" | "not_reached";
  /** Messages that it stops. */
  readonly waiting: number;
  readonly since?: number;
  readonly until?: number;
}

type Judged = Omit<Gate, "gate" | "state"> & { readonly stops: boolean };

/**
 * Each gate of a lane, up to the first that stops something. A gate that only some messages wait at stops the lane when no others may go; a
 * hold always counts, because its account needs somebody to know.
 */
export function gatesOf(facts: GateFacts): readonly Gate[] {
  let isStopped = false;
  return GATES.map((gate) => {
    const { stops, ...judged } = JUDGES[gate](facts);
    const state = isStopped ? "not_reached" : stops ? "stop" : "pass";
    isStopped ||= stops;
    return { gate, state, ...judged };
  });
}

const JUDGES: Readonly<Record<(typeof GATES)[number], (facts: GateFacts) => Judged>> = {
  worker: (facts) => whole(facts, !facts.owned, { since: facts.leftAt || facts.stateAt }),
  connection: (facts) => whole(facts, !isOnline(facts.state), { since: facts.stateAt }),
  pause: (facts) => whole(facts, facts.pausedAt > 0, { since: facts.pausedAt }),
  throttle: (facts) => until(facts, facts.throttledUntil),
  hold({ heldUntil, aside }) {
    const { count } = aside.get("account_hold") ?? { count: 0 };
    return count === 0 || heldUntil === 0
      ? { stops: false, waiting: count }
      : { stops: true, waiting: count, until: heldUntil };
  },
  batch: (facts) => some(facts, "batch_paused"),
  quiet_hours: (facts) => some(facts, "quiet_hours"),
  budget: (facts) =>
    facts.budgetSpentUntil > facts.now
      ? until(facts, facts.budgetSpentUntil)
      : some(facts, "budget"),
  pace: (facts) => (facts.ready > 0 ? until(facts, facts.paceAt) : some(facts, "pacing")),
  order: (facts) => some(facts, "order"),
  retry: (facts) => some(facts, "retry", "reconcile", "media", "recipient_check"),
};

function whole({ ready }: GateFacts, stops: boolean, times: { readonly since: number }): Judged {
  return stops ? { stops, waiting: ready, ...times } : { stops, waiting: 0 };
}

function until({ ready, now }: GateFacts, end: number): Judged {
  return end > now ? { stops: true, waiting: ready, until: end } : { stops: false, waiting: 0 };
}

function some({ ready, aside }: GateFacts, ...reasons: readonly Blocker[]): Judged {
  const found = reasons.flatMap((reason) => aside.get(reason) ?? []);
  const count = found.reduce((sum, one) => sum + one.count, 0);
  const end = Math.min(...found.map((one) => one.until ?? Infinity));
  return {
    stops: count > 0 && ready === 0,
    waiting: count,
    ...(end === Infinity ? {} : { until: end }),
  };
}

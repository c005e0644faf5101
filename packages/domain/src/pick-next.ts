import type { Blocker } from "./device-state.ts";
import type { Budget } from "./pacing.ts";
import { PRIORITIES, type Priority } from "./priority.ts";

/** A waiting message near the head of its class, as the feed sees it. Times are ms since the epoch. */
export interface Candidate {
  readonly id: string;
  readonly priority: Priority;
  /** Order is kept per recipient. */
  readonly recipient: string;
  /** The order of acceptance within the cell. */
  readonly seq: number;
  /** An earlier message of the same recipient isn't settled yet, or waits behind such a one. */
  readonly gated: boolean;
  /** The recipient has a living conversation with the device. */
  readonly warm: boolean;
  /** The recipient sleeps until then; 0 = awake. */
  readonly quietUntil: number;
  /** The recipient got a message so recently that the next may go only then; 0 = any time. */
  readonly recipientFreeAt: number;
}

/** The account may not start new chats. From `until` on, one cold message at a time probes whether it may again. */
export interface Hold {
  readonly until: number;
  /** A probe is under way. */
  readonly probing: boolean;
}

export interface LaneState {
  /** The device is connected. */
  readonly open: boolean;
  readonly paused: boolean;
  readonly windowUsed: number;
  readonly windowSize: number;
  /** The next time the pace allows a message. */
  readonly paceAt: number;
  /** The lane rests until then (WhatsApp asked to slow down); 0 = it doesn't. */
  readonly throttledUntil: number;
  readonly hold?: Hold;
  readonly budget: Budget;
  /** Picks since the lowest waiting class had one. */
  readonly passedOver: number;
  /** Sorted by class, then by sequence. */
  readonly candidates: readonly Candidate[];
}

/** A message that can't go before a known time. */
export interface Later {
  readonly id: string;
  readonly at: number;
  readonly why: "quiet_hours" | "pacing" | "budget";
}

/** Messages at the head that can't go and would hide others: each kind waits elsewhere until its reason ends. */
export interface Aside {
  readonly gated: readonly string[];
  readonly held: readonly string[];
  readonly later: readonly Later[];
}

/**
 * `pick`: move this message into the window; `probe`: as the one that tests a hold. `wait`: nothing may go now; look again at
 * `until` (absent: when something changes). Either way the messages in `aside` are set aside.
 */
export type Pick =
  | {
      readonly kind: "pick";
      readonly id: string;
      readonly cold: boolean;
      readonly probe: boolean;
      /** Its class was passed over for long enough: the pick stands, whatever comes. */
      readonly owed: boolean;
      readonly passedOver: number;
      readonly aside: Aside;
    }
  | {
      readonly kind: "wait";
      readonly why: Blocker | "empty" | "window";
      readonly until?: number;
      readonly aside: Aside;
    };

const NOTHING: Aside = { gated: [], held: [], later: [] };

/** The lowest waiting class gets at least one pick in so many. */
export const FAIR_SHARE = 10;

/**
 * Chooses the next message of a lane: the most urgent class first, in order of acceptance, skipping what may not go yet; but the
 * lowest waiting class gets one pick in ten.
 */
export function pickNext(now: number, lane: LaneState): Pick {
  const limit = limitOf(now, lane);
  if (limit !== undefined) return { kind: "wait", ...limit, aside: NOTHING };
  const standing = Object.groupBy(lane.candidates, inOrder(now, lane));
  const aside = {
    gated: ids(standing.gated),
    held: ids(standing.held),
    later: (standing.later ?? []).map((one) => laterOf(one, now, lane)),
  };
  const free = standing.free ?? [];
  const urgent = firstOf(free, PRIORITIES);
  if (urgent === undefined) return { kind: "wait", why: "empty", aside };
  const lowest = firstOf(free, PRIORITIES.toReversed());
  const due = lane.passedOver >= FAIR_SHARE - 1 && lowest !== undefined;
  const next = due ? lowest : urgent;
  return {
    kind: "pick",
    id: next.id,
    cold: !next.warm,
    probe: lane.hold !== undefined && !next.warm,
    owed: next !== urgent,
    passedOver: next.priority === lowest?.priority ? 0 : lane.passedOver + 1,
    aside,
  };
}

/** What stops the whole lane, whoever is next. */
function limitOf(
  now: number,
  lane: LaneState,
): { readonly why: Blocker | "window"; readonly until?: number } | undefined {
  if (!lane.open) return { why: "device_offline" };
  if (lane.paused) return { why: "lane_paused" };
  if (lane.windowUsed >= lane.windowSize) return { why: "window" };
  if (lane.throttledUntil > now) return { why: "pacing", until: lane.throttledUntil };
  if (lane.budget.left === 0) return { why: "budget", until: lane.budget.renewsAt };
  if (lane.paceAt > now) return { why: "pacing", until: lane.paceAt };
  return undefined;
}

type Standing = "gated" | "held" | "later" | "free";

/** What is set aside stands before the later ones of its recipient and class. */
function inOrder(now: number, lane: LaneState): (one: Candidate) => Standing {
  const aside = new Set<string>();
  return (one) => {
    const source = `${one.priority} ${one.recipient}`;
    if (aside.has(source)) return "gated";
    const standing = standingOf(one, now, lane);
    if (standing === "held" || standing === "later") aside.add(source);
    return standing;
  };
}

function standingOf(one: Candidate, now: number, lane: LaneState): Standing {
  if (one.gated) return "gated";
  if (one.quietUntil > now || one.recipientFreeAt > now) return "later";
  if (one.warm) return "free";
  if (lane.hold !== undefined && (lane.hold.until > now || lane.hold.probing)) return "held";
  return lane.budget.coldLeft === 0 ? "later" : "free";
}

function laterOf(one: Candidate, now: number, lane: LaneState): Later {
  const { id, quietUntil, recipientFreeAt } = one;
  if (quietUntil > now) return { id, at: quietUntil, why: "quiet_hours" };
  if (recipientFreeAt > now) return { id, at: recipientFreeAt, why: "pacing" };
  return { id, at: lane.budget.renewsAt, why: "budget" };
}

function firstOf(
  candidates: readonly Candidate[],
  order: readonly Priority[],
): Candidate | undefined {
  for (const name of order) {
    const first = candidates.find(({ priority }) => priority === name);
    if (first !== undefined) return first;
  }
  return undefined;
}

function ids(candidates: readonly Candidate[] = []): readonly string[] {
  return candidates.map(({ id }) => id);
}

import type { Blocker } from "./device-state.ts";
import { PRIORITIES, type Priority } from "./priority.ts";

/** A waiting message near the head of its class, as the feed sees it. */
export interface Candidate {
  readonly id: string;
  readonly priority: Priority;
  /** The order of acceptance within the cell. */
  readonly seq: number;
  /** An earlier message of the same recipient isn't settled yet, or waits behind such a one. */
  readonly gated: boolean;
  /** The recipient has a living conversation with the device. */
  readonly warm: boolean;
}

export interface LaneState {
  /** The device is connected and the lane isn't paused. */
  readonly open: boolean;
  readonly windowUsed: number;
  readonly windowSize: number;
  /** The next time the pace allows a message, ms since the epoch. */
  readonly paceAt: number;
  /** The lane rests until then (WhatsApp asked to slow down); 0 = it doesn't. */
  readonly throttledUntil: number;
  /** Cold recipients are held until then; 0 = they aren't. */
  readonly heldUntil: number;
  /** Sorted by class, then by sequence. */
  readonly candidates: readonly Candidate[];
}

/** Messages at the head that can't go and would hide others: each kind waits elsewhere until its reason ends. */
export interface Aside {
  readonly gated: readonly string[];
  readonly held: readonly string[];
}

/**
 * `pick`: move this message into the window. `wait`: nothing may go now; look again at `until` (absent: when something changes).
 * Either way the messages in `aside` are set aside.
 */
export type Pick =
  | { readonly kind: "pick"; readonly id: string; readonly aside: Aside }
  | {
      readonly kind: "wait";
      readonly why: Blocker | "empty" | "window";
      readonly until?: number;
      readonly aside: Aside;
    };

const NOTHING: Aside = { gated: [], held: [] };

/** Chooses the next message of a lane: most urgent class first, in order of acceptance, skipping what may not go yet. */
export function pickNext(now: number, lane: LaneState): Pick {
  const limit = limitOf(now, lane);
  if (limit !== undefined) return { kind: "wait", ...limit, aside: NOTHING };
  const holding = lane.heldUntil > now;
  const standing = Object.groupBy(lane.candidates, (candidate) => standingOf(candidate, holding));
  const aside = { gated: ids(standing.gated), held: ids(standing.held) };
  const free = standing.free ?? [];
  const next = PRIORITIES.flatMap((name) => free.filter(({ priority }) => priority === name))[0];
  return next === undefined
    ? { kind: "wait", why: "empty", aside }
    : { kind: "pick", id: next.id, aside };
}

function standingOf(candidate: Candidate, holding: boolean): "gated" | "held" | "free" {
  if (candidate.gated) return "gated";
  return holding && !candidate.warm ? "held" : "free";
}

function ids(candidates: readonly Candidate[] = []): readonly string[] {
  return candidates.map(({ id }) => id);
}

/** What stops the whole lane, whoever is next. */
function limitOf(
  now: number,
  lane: LaneState,
): { readonly why: Blocker | "window"; readonly until?: number } | undefined {
  if (!lane.open) return { why: "device_offline" };
  if (lane.windowUsed >= lane.windowSize) return { why: "window" };
  if (lane.throttledUntil > now) return { why: "pacing", until: lane.throttledUntil };
  if (lane.paceAt > now) return { why: "pacing", until: lane.paceAt };
  return undefined;
}

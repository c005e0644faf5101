import type { Blocker } from "./device-state.ts";
import { PRIORITIES, type Priority } from "./priority.ts";

/** A waiting message near the head of its class, as the feed sees it. */
export interface Candidate {
  readonly id: string;
  readonly priority: Priority;
  /** The order of acceptance within the cell. */
  readonly seq: number;
  /** An earlier message of the same recipient is in the window, in an attempt, unknown or in retry, or waits behind such a one. */
  readonly gated: boolean;
  /** The recipient has a living conversation with the device. */
  readonly warm: boolean;
  /** Not before this time (a retry or an unknown outcome), ms since the epoch; 0 = now. */
  readonly notBefore: number;
}

export interface LaneState {
  /** The device is connected and the lane isn't paused. */
  readonly open: boolean;
  readonly windowUsed: number;
  readonly windowSize: number;
  /** The next time the pace allows a message, ms since the epoch. */
  readonly paceAt: number;
  /** The lane rests until then (WhatsApp asked to slow down); 0 = not. */
  readonly throttledUntil: number;
  /** Cold recipients are held until then; 0 = not. */
  readonly heldUntil: number;
  /** Sorted by class, then by sequence. */
  readonly candidates: readonly Candidate[];
}

/**
 * `pick`: move this message into the window. `aside`: gated or held messages stand at the head; set them aside, then look again.
 * `wait`: nothing may go now; look again at `until` (absent: when something changes).
 */
export type Pick =
  | { readonly kind: "pick"; readonly id: string; readonly aside: readonly string[] }
  | {
      readonly kind: "wait";
      readonly why: Blocker | "empty" | "window";
      readonly until?: number;
      readonly aside: readonly string[];
    };

/** Chooses the next message of a lane: most urgent class first, in order of acceptance, skipping what may not go yet. */
export function pickNext(now: number, lane: LaneState): Pick {
  const aside = lane.candidates.filter((candidate) => candidate.gated).map(({ id }) => id);
  const wait = (why: Blocker | "empty" | "window", until?: number): Pick =>
    until === undefined ? { kind: "wait", why, aside } : { kind: "wait", why, until, aside };

  if (!lane.open) return wait("device_offline");
  if (lane.windowUsed >= lane.windowSize) return wait("window");
  if (lane.throttledUntil > now) return wait("account_hold", lane.throttledUntil);
  const free = lane.candidates.filter((candidate) => !candidate.gated);
  if (free.length === 0) return wait("empty");
  if (lane.paceAt > now) return wait("pacing", lane.paceAt);

  const held = lane.heldUntil > now;
  for (const priority of PRIORITIES)
    for (const candidate of free)
      if (
        candidate.priority === priority &&
        candidate.notBefore <= now &&
        (candidate.warm || !held)
      )
        return { kind: "pick", id: candidate.id, aside };

  return wait(held ? "account_hold" : "retry", earliest(now, lane, free));
}

function earliest(now: number, lane: LaneState, free: readonly Candidate[]): number {
  const times = free.map(({ notBefore, warm }) =>
    Math.max(notBefore, warm || lane.heldUntil <= now ? 0 : lane.heldUntil),
  );
  return Math.min(...times);
}

import type { SendOutcome } from "@pombo/device";
import {
  catalogRow,
  doubling,
  type EvidenceStatus,
  type Failure,
  nextStep,
  type NextStep,
  refusalOf,
  type Settings,
} from "@pombo/domain";
import type { InHand, Outcome, Taken } from "@pombo/ledger";

/** What the lane went through before: both series double. */
export interface LaneHistory {
  readonly throttles: number;
  readonly holds: number;
}

export interface Decision {
  readonly message: InHand;
  readonly lane: LaneHistory;
  readonly settings: Settings;
  readonly now: number;
  readonly jitter: number;
  /** Of the attempt; absent when the failure came before it had begun. */
  readonly token?: string;
}

export type Verdict =
  | { readonly kind: "proved"; readonly proves: EvidenceStatus }
  | {
      readonly kind: "settle";
      readonly step: NextStep["kind"];
      readonly outcome: Outcome;
      readonly refresh: boolean;
    };

/** From what the device reports to what the ledger writes. Pure: the catalog's row decides, through `nextStep`. */
export function decide(outcome: SendOutcome, decision: Decision): Verdict {
  if (outcome.kind === "acked") return { kind: "proved", proves: outcome.proof };
  const { failure } = outcome;
  const code = refusalOf(decision.message.content.kind, failure.code);
  return decideFailure({ ...failure, code }, { ...decision, leftNow: outcome.kind === "unknown" });
}

/** `leftNow`: this very attempt may have left. */
export function decideFailure(
  failure: Failure,
  decision: Decision & { readonly leftNow: boolean },
): Extract<Verdict, { kind: "settle" }> {
  const { message, settings, now, jitter, leftNow } = decision;
  const begun = decision.token !== undefined;
  const mayHaveLeft = message.mayHaveLeft || leftNow;
  const step = nextStep(
    failure,
    {
      number: begun ? message.number : message.number + 1,
      rounds: message.rounds,
      mayHaveLeft,
      leftAt: message.leftAt > 0 ? message.leftAt : now,
      taken: message.taken,
      now,
      jitter,
      syncUntil: message.syncUntil,
    },
    settings,
  );
  const outcome: Outcome = {
    to: step.kind === "fail" ? "failed" : mayHaveLeft ? "unknown" : "queued",
    now,
    failure: { code: failure.code, detail: failure.detail },
    mayHaveLeft,
    ...(decision.token === undefined ? {} : { token: decision.token }),
    ...waitOf(step, decision, mayHaveLeft),
    ...countOf(step, begun),
    ...takenOf(step, message.taken),
    ...restOf(failure, decision),
  };
  return {
    kind: "settle",
    step: step.kind,
    outcome,
    refresh: step.kind === "retry" && step.remedy === "refresh",
  };
}

/** A message that may have left never rests in the backlog: it waits for late evidence first. */
function waitOf(
  step: NextStep,
  { now, settings }: Decision,
  mayHaveLeft: boolean,
): Pick<Outcome, "wait"> {
  switch (step.kind) {
    case "fail":
      return {};
    case "retry":
    case "reconcile":
      return { wait: { kind: "due", at: step.at } };
    case "park":
    case "throttle":
    case "hold":
      return mayHaveLeft
        ? { wait: { kind: "due", at: now + settings.reconcile_grace_ms } }
        : { wait: { kind: "backlog" } };
  }
}

/** Waiting for the device uses no attempt up; a failure before the attempt began is one all the same. */
function countOf(step: NextStep, begun: boolean): Pick<Outcome, "count"> {
  const free = step.kind === "park" || step.kind === "throttle";
  if (begun) return free ? { count: -1 } : {};
  return free ? {} : { count: 1 };
}

function takenOf(step: NextStep, taken: Taken): Pick<Outcome, "taken"> {
  const remedy = step.kind === "hold" ? "hold" : step.kind === "retry" ? step.remedy : undefined;
  if (remedy === undefined || remedy === "backoff") return {};
  return { taken: { ...taken, [remedy]: (taken[remedy] ?? 0) + 1 } };
}

/** What the failure means for the whole lane, also when the message itself does not wait for it. */
function restOf(
  failure: Failure,
  { lane, settings, now }: Decision,
): Pick<Outcome, "throttleUntil" | "holdUntil"> {
  const remedy = catalogRow(failure.code).remedy.kind;
  if (remedy === "throttle")
    return {
      throttleUntil: now + doubling(settings.throttle_ms, settings.throttle_cap_ms, lane.throttles),
    };
  // A second refusal of the same message fails it, and still says that the account is restricted.
  if (remedy === "hold") {
    const ours = now + doubling(settings.hold_ms, settings.hold_cap_ms, lane.holds);
    return { holdUntil: failure.notBefore ?? ours };
  }
  return {};
}

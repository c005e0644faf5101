import type { LaneBody } from "@pombo/contract";
import type { DeviceId } from "@pombo/domain";
import type { DeviceRecord, LaneReport, Ledger } from "@pombo/ledger";
import { type Answer, instant, json, refuse } from "../answer.ts";
import type { Caller } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import { instantOrNull } from "../render-message.ts";
import { noDevice, visibleDevice } from "./devices.ts";

export interface LaneDeps {
  readonly ledger: Pick<Ledger, "findDevice" | "moveGenerations" | "pauseLane" | "reportLane">;
  readonly now: () => number;
}

/** `GET /v1/devices/:id/lane` */
export function getLane(deps: LaneDeps): Handler<"getLane"> {
  return forDevice(deps, ({ id }) => answerLane(id, deps));
}

/** `POST /v1/devices/:id/lane/pause` and `…/resume`; again is no conflict. */
export function setPaused(
  deps: LaneDeps,
  paused: boolean,
): Handler<"pauseLane"> & Handler<"resumeLane"> {
  return forDevice(deps, async ({ id }, caller) => {
    await deps.ledger.pauseLane(id, paused, { now: deps.now(), keyId: caller.keyId });
    return answerLane(id, deps);
  });
}

/** `POST /v1/devices/:id/lane/release` and `…/discard`: what waits under earlier phone numbers. */
export function moveEarlier(
  deps: LaneDeps,
  what: "release" | "discard",
): Handler<"releaseLane"> & Handler<"discardLane"> {
  return forDevice(deps, async ({ id, generation }) => {
    const moved = await deps.ledger.moveGenerations(id, what, { now: deps.now(), generation });
    return json(200, { success: true, moved });
  });
}

function forDevice(
  { ledger }: LaneDeps,
  answer: (device: DeviceRecord, caller: Caller) => Promise<Answer>,
): (call: Pick<Call<"getLane">, "params" | "caller">) => Promise<Answer> {
  return async ({ params, caller }) => {
    const device = await visibleDevice(params.id, caller, ledger);
    return device === undefined ? refuse(noDevice) : answer(device, caller);
  };
}

async function answerLane(id: DeviceId, { ledger, now }: LaneDeps): Promise<Answer> {
  const report = await ledger.reportLane(id, now());
  return report === undefined ? refuse(noDevice) : json(200, renderLane(id, report));
}

function renderLane(id: DeviceId, report: LaneReport): LaneBody {
  const { backlog, held, window, earlier, pace, budget, blocked } = report;
  const waiting = Object.values(backlog).reduce((sum, count) => sum + count, 0);
  return {
    success: true,
    device_id: id,
    depth: {
      backlog,
      held,
      in_window: window,
      earlier_identity: earlier,
      total: waiting + held + window + earlier,
    },
    rate: {
      gap_ms: pace.gapMs,
      jitter_ms: pace.jitterMs,
      recipient_gap_ms: pace.recipientGapMs,
      daily_cap: capOrNull(pace.dailyCap),
      cold_daily_cap: capOrNull(pace.coldDailyCap),
    },
    budget: {
      left: capOrNull(budget.left),
      cold_left: capOrNull(budget.coldLeft),
      renews_at: instant(budget.renewsAt),
    },
    pace: {
      actual_per_minute: report.ratePerMinute,
      allowed_per_minute: allowedPerMinute(pace),
    },
    paused: report.pausedAt !== undefined,
    paused_at: instantOrNull(report.pausedAt),
    paused_by: report.pausedBy ?? null,
    throttled_until: instantOrNull(report.throttledUntil),
    held_until: instantOrNull(report.heldUntil),
    owner: report.owner ?? null,
    epoch: report.epoch ?? null,
    blocked_by: blocked?.by ?? null,
    blocked_since: instantOrNull(blocked?.since),
    eta: instantOrNull(report.drainedAt),
  };
}

/** What the pace lets go in a minute; null where it sets no limit. */
export function allowedPerMinute({ gapMs, jitterMs }: LaneReport["pace"]): number | null {
  const gap = gapMs + jitterMs / 2;
  return gap === 0 ? null : Math.round(600_000 / gap) / 10;
}

const MOST = 1_000_000_000;

/** Null where there is no cap. */
function capOrNull(count: number): number | null {
  return count > MOST ? null : count;
}

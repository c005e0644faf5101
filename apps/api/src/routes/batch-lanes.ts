import type { BatchLanesBody } from "@pombo/contract";
import { PRIORITIES } from "@pombo/domain";
import type { LaneSurvey, Ledger } from "@pombo/ledger";
import { instant, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { noBatch, visibleBatch } from "./batches.ts";

export interface BatchLanesDeps {
  readonly ledger: Pick<Ledger, "findBatch" | "surveyDevices">;
  readonly now: () => number;
}

/** `GET /v1/batches/:id/lanes` */
export function getBatchLanes({ ledger, now }: BatchLanesDeps): Handler<"getBatchLanes"> {
  return async ({ params, caller }) => {
    const batch = await visibleBatch(params.id, caller, ledger);
    if (batch === undefined) return refuse(noBatch);
    const at = now();
    const lanes = await ledger.surveyDevices(batch.deviceIds, at);
    return json(200, { success: true, lanes: lanes.map((lane) => renderLane(lane, at)) });
  };
}

function renderLane(lane: LaneSurvey, now: number): BatchLanesBody["lanes"][number] {
  const { deviceId, name, state, backlog, window, held, stopped } = lane;
  const ends = stopped === undefined ? 0 : endOf(stopped.by, lane);
  return {
    device_id: deviceId,
    name,
    state,
    waiting: PRIORITIES.reduce((sum, priority) => sum + backlog[priority], window + held),
    held,
    blocked_by: stopped?.by ?? null,
    blocked_since: stopped?.since === undefined ? null : instant(stopped.since),
    until: ends > now ? instant(ends) : null,
  };
}

/** When it ends by itself, ms since the epoch; 0 where nobody knows. */
function endOf(
  by: NonNullable<LaneSurvey["stopped"]>["by"],
  { heldUntil, outlook }: Pick<LaneSurvey, "heldUntil" | "outlook">,
): number {
  if (by === "account_hold") return heldUntil;
  return by === "pacing" ? outlook.startsAt : 0;
}

import type { LaneGatesBody } from "@pombo/contract";
import {
  type Blocker,
  explainWait,
  type Gate,
  gatesOf,
  laneAttention,
  type Settings,
  type WaitingFor,
} from "@pombo/domain";
import type { LaneSurvey, Ledger, StandingGroup } from "@pombo/ledger";
import { instant, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { instantOrNull } from "../render-message.ts";
import { unlessSilent } from "../take-overview.ts";
import { noDevice, visibleDevice } from "./devices.ts";

export interface LaneGatesDeps {
  readonly ledger: Pick<
    Ledger,
    "findDevice" | "surveyDevices" | "surveyWaits" | "viewFleet" | "deviceHistory"
  >;
  readonly settings: Settings;
  readonly now: () => number;
}

/** `GET /v1/devices/:id/lane/gates`: why it is not sending, if it isn't. */
export function getLaneGates(deps: LaneGatesDeps): Handler<"getLaneGates"> {
  const { ledger, settings, now } = deps;
  return async ({ params, caller }) => {
    const device = await visibleDevice(params.id, caller, ledger);
    if (device === undefined) return refuse(noDevice);
    const at = now();
    const [[surveyed], waits, fleet] = await Promise.all([
      ledger.surveyDevices([device.id], at),
      ledger.surveyWaits(device.id),
      ledger.viewFleet(),
    ]);
    if (surveyed === undefined) return refuse(noDevice);
    const lane = unlessSilent(surveyed, { fleet, at, settings });
    const attention = laneAttention(lane, { now: at, stallMs: settings.drain_watch_ms });
    const body: LaneGatesBody = {
      success: true,
      device_id: device.id,
      at: instant(at),
      unexplained: attention?.kind === "unexplained_stall",
      ...explain(lane, waits.groups, at),
      complete: waits.complete,
    };
    return json(200, body);
  };
}

interface Waiting extends WaitingFor {
  readonly reason: Blocker;
  readonly messageId?: string;
}

function explain(
  lane: LaneSurvey,
  groups: readonly StandingGroup[],
  now: number,
): Pick<LaneGatesBody, "gates" | "waiting"> {
  // What rests in the backlog is counted by the lane: rows of its batches that were not drawn are in no message yet.
  const aside = byReason(
    groups.filter(({ place }) => place !== "backlog" && place !== "window"),
    lane,
    now,
  );
  const gates = gatesOf({
    ...lane,
    now,
    budgetSpentUntil: lane.budget.left === 0 ? lane.budget.renewsAt : 0,
    ready: lane.waiting,
    aside: new Map(aside.map((one) => [one.reason, one])),
  });
  const ready = lane.waiting === 0 ? [] : [readyOf(lane, groups)];
  return {
    gates: gates.map(renderGate),
    waiting: [...ready, ...aside].map(({ reason, count, until, messageId }) => ({
      reason,
      count,
      until: instantOrNull(until),
      message_id: messageId ?? null,
    })),
  };
}

function readyOf(lane: LaneSurvey, groups: readonly StandingGroup[]): Waiting {
  const first = groups.find(({ place }) => place === "backlog" || place === "window");
  return {
    reason: lane.blockedBy ?? "pacing",
    count: lane.waiting,
    ...(lane.drainedAt === undefined ? {} : { until: lane.drainedAt }),
    ...(first === undefined ? {} : { messageId: first.firstId }),
  };
}

function byReason(groups: readonly StandingGroup[], lane: LaneSurvey, now: number): Waiting[] {
  const found = groups.flatMap((group) => {
    const reason = reasonOf(group, lane, now);
    const until = reason === "account_hold" ? lane.heldUntil : group.nextAt;
    return reason === undefined
      ? []
      : [{ reason, count: group.count, until, messageId: group.firstId }];
  });
  return [...Map.groupBy(found, ({ reason }) => reason)].map(([reason, parts]) => {
    const until = Math.min(...parts.map((part) => part.until ?? Infinity));
    return {
      reason,
      count: parts.reduce((sum, { count }) => sum + count, 0),
      ...(until === Infinity || until === 0 ? {} : { until }),
      ...(parts[0] === undefined ? {} : { messageId: parts[0].messageId }),
    };
  });
}

/** The rule of single messages, for a lane that lets everything go: what is asked for is why they stand aside. */
function reasonOf(group: StandingGroup, lane: LaneSurvey, now: number): Blocker | undefined {
  const { status, place, why, sameGeneration } = group;
  return explainWait({
    status,
    place,
    since: now,
    ...(why === undefined ? {} : { why }),
    sameGeneration,
    device: { state: "connected", since: lane.stateAt, owned: true },
    throttledUntil: 0,
    heldUntil: lane.heldUntil,
    paceAt: 0,
    budgetSpentUntil: 0,
    paused: false,
    recipientKnown: true,
    gapMs: 0,
    ...(place === "parked" ? { batchStill: now } : {}),
    ahead: 0,
    now,
  })?.blockedBy;
}

function renderGate({ gate, state, waiting, since, until }: Gate): LaneGatesBody["gates"][number] {
  return {
    gate,
    state,
    waiting,
    since: instantOrNull(since === 0 ? undefined : since),
    until: instantOrNull(until),
  };
}

/** `GET /v1/devices/:id/history` */
export function getDeviceHistory({ ledger }: LaneGatesDeps): Handler<"getDeviceHistory"> {
  return async ({ params, caller }) => {
    const device = await visibleDevice(params.id, caller, ledger);
    if (device === undefined) return refuse(noDevice);
    const entries = await ledger.deviceHistory(device.id);
    return json(200, {
      success: true,
      device_id: device.id,
      history: entries.map(({ at, what, details: [first = "", second = "", third = ""] }) => ({
        at: instant(at),
        what,
        state: what === "state" ? first : null,
        cause: what === "state" && second !== "" ? second : null,
        error_code: what === "state" && third !== "" ? third : null,
        owner: what === "owner" ? first : null,
        epoch: what === "owner" ? Number(second) : null,
        key_id: what.startsWith("lane.") && first !== "" ? first : null,
      })),
    });
  };
}

import {
  forecast,
  type Forecast,
  type ForecastLane,
  type ForecastRows,
  isEnded,
  isOnline,
  PRIORITIES,
  type Priority,
  type Settings,
} from "@pombo/domain";
import type { BatchRecord, LaneSurvey } from "@pombo/ledger";

export interface Foreseen extends Forecast {
  /** What the least known lane goes by. */
  readonly speed: LaneSurvey["outlook"]["speed"];
}

export interface ForeseeAsk {
  readonly now: number;
  readonly priority: Priority;
  /** What may send. */
  readonly lanes: readonly LaneSurvey[];
  readonly rows: readonly ForecastRows[];
  /** Batches that take turns with this one. */
  readonly others: readonly Pick<BatchRecord, "state" | "undrawn" | "deviceIds">[];
  readonly sendAt?: number | undefined;
  readonly expiresAt?: number | undefined;
  /** Messages of the batch itself that stand in the backlogs already. */
  readonly drawn?: number;
}

/** When rows will have been sent from these lanes, if they were connected and not paused from now on. */
export function foresee(ask: ForeseeAsk, settings: Settings): Foreseen {
  const { now, rows, sendAt, expiresAt } = ask;
  const lanes = sending(ask.lanes);
  const told = forecast({
    now,
    lanes: lanes.map((lane) => ({ ...lane.outlook, ahead: aheadOf(lane, lanes.length, ask) })),
    rows,
    ...(sendAt === undefined ? {} : { sendAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    settings,
  });
  const speeds = lanes.map(({ outlook }) => outlook.speed);
  const speed = (["assumed", "measured"] as const).find((name) => speeds.includes(name));
  return { ...told, speed: speed ?? "paced" };
}

/** A pool goes on without the devices that can't send; when none can, all are meant. */
function sending(lanes: readonly LaneSurvey[]): readonly LaneSurvey[] {
  const online = lanes.filter(({ state }) => isOnline(state));
  return online.length > 0 ? online : lanes;
}

/** What is as urgent, or more so, goes first; batches take turns, so another one goes first by as much as this one has at most. */
function aheadOf(
  { deviceId, backlog, undrawn, window }: LaneSurvey,
  lanes: number,
  { priority, others, rows, drawn = 0 }: ForeseeAsk,
): ForecastLane["ahead"] {
  const classes = PRIORITIES.slice(0, PRIORITIES.indexOf(priority) + 1);
  const waiting = classes.reduce((sum, name) => sum + backlog[name] - undrawn[name], window);
  const mine = rows.reduce((sum, { warm, cold }) => sum + warm + cold, 0) / lanes;
  const turns = others
    .filter(
      ({ state, deviceIds }) =>
        !isEnded(state) && state !== "paused" && includes(deviceIds, deviceId),
    )
    .reduce((sum, other) => sum + Math.min(mine, other.undrawn / other.deviceIds.length), 0);
  return Math.max(0, waiting - drawn / lanes) + turns;
}

function includes(ids: readonly string[], id: string): boolean {
  return ids.includes(id);
}

import type { DevicePageBody } from "@pombo/contract";
import { type DeviceId, isDeviceId, laneAttention, type Settings } from "@pombo/domain";
import {
  type DevicePlace,
  type DeviceRecord,
  type LaneSurvey,
  type Ledger,
  shownState,
} from "@pombo/ledger";
import { instant, json, refuse } from "../answer.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import { renderPace } from "../pace.ts";
import { chatJid, instantOrNull } from "../render-message.ts";
import type { Overviewer } from "../take-overview.ts";
import { fieldsOf } from "./devices.ts";
import { allowedPerMinute } from "./lane.ts";

export interface ListDevicesDeps {
  readonly ledger: Pick<Ledger, "findDevice" | "listDevices" | "surveyDevices">;
  readonly overviewer: Overviewer;
  readonly settings: Settings;
  readonly now: () => number;
}

type Item = DevicePageBody["devices"][number];

interface Page {
  readonly after?: DevicePlace;
  /** One more than is shown, to know whether there are more. */
  readonly limit: number;
  readonly ids?: readonly DeviceId[];
}

/** `GET /v1/devices` */
export function listDevices(deps: ListDevicesDeps): Handler<"listDevices"> {
  return async ({ caller, query }) => {
    const { cursor } = query;
    const after = cursor === undefined ? undefined : readPlace(cursor);
    if (cursor !== undefined && after === undefined) {
      const message = "cursor must be the next_cursor of an earlier answer";
      return refuse({
        code: "VALIDATION_ERROR",
        validation: [{ field: "cursor", message, value: cursor }],
      });
    }
    const limit = Math.max(1, query.limit ?? 100);
    const page = {
      ...pageOf(query, caller),
      ...(after === undefined ? {} : { after }),
      limit: limit + 1,
    };
    const found =
      query.lanes === "true" ? await withLanes(page, caller, deps) : await records(page, deps);
    const devices = found.slice(0, limit);
    const last = found.length > limit ? devices.at(-1) : undefined;
    return json(200, { success: true, devices, next_cursor: placeOf(last) });
  };
}

/** `<created, ms since the epoch>.<device>`: it stands though the device is deleted meanwhile. */
function readPlace(cursor: string): DevicePlace | undefined {
  const [, createdAt, id = ""] = /^(\d{1,15})\.(.+)$/.exec(cursor) ?? [];
  return isDeviceId(id) ? { createdAt: Number(createdAt), id } : undefined;
}

function placeOf(last: Item | undefined): string | null {
  return last === undefined ? null : `${Date.parse(last.created_at)}.${last.device_id}`;
}

function isBehind({ createdAt, id }: DevicePlace, after: DevicePlace): boolean {
  return createdAt > after.createdAt || (createdAt === after.createdAt && id > after.id);
}

/** The devices that are asked for by name, or are all that a limited key may see; by id. */
function pageOf({ ids }: Call<"listDevices">["query"], caller: Caller): Pick<Page, "ids"> {
  const named = ids ?? (caller.devices === "*" ? undefined : caller.devices);
  if (named === undefined) return {};
  return {
    ids: [...new Set(named)]
      .filter(isDeviceId)
      .filter((id) => maySee(caller, id))
      .toSorted(),
  };
}

function within({ ids, after, limit }: Page & { readonly ids: readonly DeviceId[] }) {
  return ids.filter((id) => after === undefined || id > after.id).slice(0, limit);
}

async function records(page: Page, { ledger }: ListDevicesDeps): Promise<readonly Item[]> {
  const { ids } = page;
  const found =
    ids === undefined
      ? await ledger.listDevices(page)
      : await Promise.all(within({ ...page, ids }).map((id) => ledger.findDevice(id)));
  return found.filter((device): device is DeviceRecord => device !== undefined).map(fieldsOf);
}

async function withLanes(
  page: Page,
  caller: Caller,
  deps: ListDevicesDeps,
): Promise<readonly Item[]> {
  const { ids, after, limit } = page;
  const at = deps.now();
  const attention = { now: at, stallMs: deps.settings.drain_watch_ms };
  const render = (lane: LaneSurvey): Item => renderSurvey(lane, attention);
  if (caller.devices !== "*")
    return (await deps.ledger.surveyDevices(within({ ...page, ids: ids ?? [] }), at)).map(render);
  // All consoles together cost one look.
  const { lanes } = await deps.overviewer.take();
  const wanted = ids === undefined ? undefined : new Set<string>(ids);
  const shown = lanes.filter(
    ({ deviceId: id, createdAt }) =>
      (wanted === undefined || wanted.has(id)) &&
      (after === undefined || isBehind({ createdAt, id }, after)),
  );
  return shown.slice(0, limit).map(render);
}

function renderSurvey(
  lane: LaneSurvey,
  attention: { readonly now: number; readonly stallMs: number },
): Item {
  const { phone } = lane;
  return {
    device_id: lane.deviceId,
    name: lane.name,
    state: shownState(lane.state, lane.owned),
    state_since: instant(lane.stateAt),
    cause: lane.cause ?? null,
    jid: phone === undefined ? null : chatJid(phone),
    phone_number: phone ?? null,
    pace: renderPace(lane.outlook.pace),
    created_at: instant(lane.createdAt),
    last_seen: instantOrNull(lane.seenAt),
    lane: {
      waiting: lane.waiting + lane.held,
      held: lane.held,
      blocked_by: lane.stopped?.by ?? null,
      blocked_since: instantOrNull(lane.stopped?.since),
      eta: instantOrNull(lane.drainedAt),
      actual_per_minute: lane.ratePerMinute,
      allowed_per_minute: allowedPerMinute(lane.rate),
      paused: lane.paused,
      owner: lane.owner ?? null,
      oldest_at: instantOrNull(lane.oldestAt),
      attention: laneAttention(lane, attention)?.kind ?? null,
    },
  };
}

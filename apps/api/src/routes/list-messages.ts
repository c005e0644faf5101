import type { MessagePageBody } from "@pombo/contract";
import { type DeviceId, isDeviceId, recipientKey } from "@pombo/domain";
import type { Ledger, MessageRecord } from "@pombo/ledger";
import { type Answer, json, refuse } from "../answer.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import { instantOrNull, renderAccepted, renderWait } from "../render-message.ts";
import { collectRows } from "./batch-rows.ts";
import { noBatch, visibleBatch } from "./batches.ts";
import { noDevice } from "./devices.ts";

export interface ListDeps {
  readonly ledger: Pick<
    Ledger,
    | "batchRows"
    | "deviceIds"
    | "explainWaits"
    | "findBatch"
    | "findDevice"
    | "listMessages"
    | "sequenceAfter"
  >;
  readonly now: () => number;
}

type Query = Call<"listMessages">["query"];

/** Messages that one request looks at. */
const MOST_LOOKED_AT = 20_000;
/** Devices whose messages one request merges. */
const MOST_DEVICES = 5_000;

/** `GET /v1/messages`, newest first: a bounded look, then a cursor. */
export function listMessages(deps: ListDeps): Handler<"listMessages"> {
  const { ledger } = deps;
  return async ({ caller, query }) => {
    if (query.batch_id !== undefined)
      return listRows({ query, caller, batchId: query.batch_id }, deps);
    const devices = await devicesOf(query, caller, ledger);
    if ("kind" in devices) return devices;
    const { until, since = 0 } = query;
    const before =
      query.cursor ??
      (until === undefined ? undefined : await ledger.sequenceAfter(devices.ids, until));
    const page = await ledger.listMessages(devices.ids, {
      limit: Math.max(1, query.limit ?? 100),
      most: MOST_LOOKED_AT,
      ...(before === undefined ? {} : { before }),
      ...wantedOf(query),
    });
    const over = (page.reachedAt ?? Number.POSITIVE_INFINITY) < since;
    const messages = page.messages.filter(({ createdAt }) => createdAt >= since);
    return answer(messages, { ...page, ...(over ? { next: undefined } : {}) }, deps);
  };
}

/** What the ledger looks for. */
function wantedOf({ to, status, client_ref: clientRef }: Query) {
  return {
    ...(to === undefined ? {} : { recipient: recipientKey(to) }),
    ...(status === undefined ? {} : { status }),
    ...(clientRef === undefined ? {} : { clientRef }),
  };
}

/** Rows of one batch, in their order; also those that were not drawn yet. */
async function listRows(
  ask: { readonly query: Query; readonly caller: Caller; readonly batchId: string },
  deps: ListDeps,
): Promise<Answer> {
  const { ledger } = deps;
  const { query, caller, batchId } = ask;
  const { device_id: device, cursor: after = 0, since = 0 } = query;
  const batch = await visibleBatch(batchId, caller, ledger);
  if (batch === undefined) return refuse(noBatch);
  const wanted = (message: MessageRecord): boolean =>
    isWanted(message, query) &&
    (device === undefined || message.deviceId === device) &&
    message.createdAt >= since;
  const limit = Math.max(1, query.limit ?? 100);
  const { rows, next } = await collectRows({ batch, after, limit, wanted }, ledger);
  return answer(
    rows.map(({ message }) => message),
    { next },
    deps,
  );
}

async function devicesOf(
  { device_id: wanted }: Query,
  caller: Caller,
  ledger: ListDeps["ledger"],
): Promise<Answer | { readonly ids: readonly DeviceId[] }> {
  if (wanted !== undefined) {
    const known =
      isDeviceId(wanted) && maySee(caller, wanted) ? await ledger.findDevice(wanted) : undefined;
    return known === undefined ? refuse(noDevice) : { ids: [known.id] };
  }
  const ids = caller.devices === "*" ? await ledger.deviceIds() : caller.devices.filter(isDeviceId);
  if (ids.length <= MOST_DEVICES) return { ids };
  const message = `device_id is required for a key that sees more than ${MOST_DEVICES} devices`;
  const validation = [{ field: "device_id", message, value: null }];
  return refuse({ code: "VALIDATION_ERROR", validation });
}

function isWanted(message: MessageRecord, query: Query): boolean {
  const { status, client_ref: ref, to } = query;
  return (
    (status === undefined || message.status === status) &&
    (ref === undefined || message.clientRef === ref) &&
    (to === undefined || message.recipient === recipientKey(to))
  );
}

async function answer(
  found: readonly MessageRecord[],
  { next, reachedAt }: { readonly next?: number | undefined; readonly reachedAt?: number },
  { ledger, now }: Pick<ListDeps, "ledger" | "now">,
): Promise<Answer> {
  const waits = await ledger.explainWaits(found, now());
  const body: MessagePageBody = {
    success: true,
    messages: found.map((message, at) => ({
      ...renderAccepted(message),
      kind: message.content.kind,
      status_version: message.version,
      attempts: message.attempts,
      error_code: message.lastError?.code ?? null,
      client_ref: message.clientRef ?? null,
      batch_id: message.batchId ?? null,
      ...renderWait(waits[at]),
    })),
    reached_at: instantOrNull(reachedAt),
    next_cursor: next === undefined ? null : String(next),
  };
  return json(200, body);
}

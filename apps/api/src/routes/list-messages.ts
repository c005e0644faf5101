import type { MessagePageBody } from "@pombo/contract";
import { type DeviceId, isDeviceId, recipientKey } from "@pombo/domain";
import type { DeviceRecord, Ledger, MessageRecord } from "@pombo/ledger";
import { type Answer, json, refuse } from "../answer.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import { renderAccepted } from "../render-message.ts";
import { collectRows } from "./batch-rows.ts";
import { noBatch, visibleBatch } from "./batches.ts";
import { noDevice } from "./devices.ts";

export interface ListDeps {
  readonly ledger: Pick<Ledger, "batchRows" | "findBatch" | "findDevice" | "listMessages"> & {
    listDevices(page: { readonly limit: number }): Promise<readonly DeviceRecord[]>;
  };
}

type Query = Call<"listMessages">["query"];

/** Messages that one request looks at. */
const MOST_LOOKED_AT = 2_000;
const SCAN_PAGE = 200;
/** Devices whose messages one request merges. */
const MOST_DEVICES = 100;

/** `GET /v1/messages`, newest first: a bounded look, then a cursor. */
export function listMessages({ ledger }: ListDeps): Handler<"listMessages"> {
  return async ({ caller, query }) => {
    if (query.batch_id !== undefined)
      return listRows({ query, caller, batchId: query.batch_id }, ledger);
    const devices = await devicesOf(query, caller, ledger);
    if ("kind" in devices) return devices;
    const limit = Math.max(1, query.limit ?? 100);
    const found: MessageRecord[] = [];
    let before = query.cursor;
    for (let looked = 0; looked < MOST_LOOKED_AT; looked += SCAN_PAGE) {
      const place = before === undefined ? {} : { before };
      // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
      const page = await ledger.listMessages(devices.ids, { ...place, limit: SCAN_PAGE });
      for (const message of page.messages) {
        if (message.createdAt < (query.since ?? 0)) return answer(found);
        if (isWanted(message, query)) found.push(message);
        if (found.length === limit) return answer(found, message.sequence);
      }
      before = page.next;
      if (before === undefined) return answer(found);
    }
    return answer(found, before);
  };
}

/** Rows of one batch, in their order; also those that were not drawn yet. */
async function listRows(
  ask: { readonly query: Query; readonly caller: Caller; readonly batchId: string },
  ledger: ListDeps["ledger"],
): Promise<Answer> {
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
    next,
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
  const limit = MOST_DEVICES + 1;
  const ids =
    caller.devices === "*"
      ? (await ledger.listDevices({ limit })).map(({ id }) => id)
      : caller.devices.filter(isDeviceId).slice(0, limit);
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

function answer(found: readonly MessageRecord[], next?: number): Answer {
  const body: MessagePageBody = {
    success: true,
    messages: found.map((message) => ({
      ...renderAccepted(message),
      kind: message.content.kind,
      status_version: message.version,
      attempts: message.attempts,
      error_code: message.lastError?.code ?? null,
      client_ref: message.clientRef ?? null,
    })),
    next_cursor: next === undefined ? null : String(next),
  };
  return json(200, body);
}

import { randomBytes } from "node:crypto";
import type { DeviceBody } from "@pombo/contract";
import { type DeviceId, isDeviceId, mintDeviceId, type Pace } from "@pombo/domain";
import type { DeviceRecord, NewDevice } from "@pombo/ledger";
import { type Answer, instant, json, refuse } from "../answer.ts";
import { answerOnce } from "../answer-once.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import type { IdempotencyRecords } from "../idempotency.ts";
import { readPace, renderPace } from "../pace.ts";
import { chatJid } from "../render-message.ts";

export interface DevicesDeps {
  readonly ledger: IdempotencyRecords & {
    createDevice(device: NewDevice): Promise<void>;
    editDevice(id: DeviceId, change: { readonly pace: Pace }): Promise<boolean>;
    findDevice(id: DeviceId): Promise<DeviceRecord | undefined>;
    listDevices(page: {
      readonly after?: DeviceId;
      readonly limit: number;
    }): Promise<readonly DeviceRecord[]>;
  };
  readonly now: () => number;
}

export const noDevice = { code: "DEVICE_NOT_FOUND" } as const;
export const limited = {
  code: "FORBIDDEN",
  detail: "The API key is limited to certain devices",
} as const;

/** `POST /v1/devices` */
export function createDevice(deps: DevicesDeps): Handler<"createDevice"> {
  return async (call) => {
    if (call.caller.devices !== "*") return refuse(limited);
    const id = mintDeviceId(randomBytes(8));
    const create = async (taken: DeviceId): Promise<Answer> => {
      const device = await bringDevice(taken, call, deps);
      return device === undefined ? refuse(noDevice) : json(201, renderDevice(device));
    };
    return answerOnce(call, { route: "createDevice", id, create }, deps);
  };
}

/** Creates the device unless an earlier try under the same idempotency key did. */
export async function bringDevice(
  id: DeviceId,
  { caller, body }: Pick<Call<"createDevice">, "caller" | "body">,
  { ledger, now }: DevicesDeps,
): Promise<DeviceRecord | undefined> {
  if ((await ledger.findDevice(id)) === undefined)
    await ledger.createDevice({ id, name: body.name, keyId: caller.keyId, at: now() });
  if (body.pace !== undefined) await ledger.editDevice(id, { pace: readPace(body.pace) });
  return ledger.findDevice(id);
}

/** `GET /v1/devices` */
export function listDevices({ ledger }: DevicesDeps): Handler<"listDevices"> {
  return async ({ caller, query }) => {
    const { cursor } = query;
    const limit = Math.max(1, query.limit ?? 100);
    if (cursor !== undefined && !isDeviceId(cursor)) {
      const message = "cursor must be the next_cursor of an earlier answer";
      const validation = [{ field: "cursor", message, value: cursor }];
      return refuse({ code: "VALIDATION_ERROR", validation });
    }
    const after = cursor === undefined ? {} : { after: cursor };
    const found =
      caller.devices === "*"
        ? await ledger.listDevices({ ...after, limit: limit + 1 })
        : await granted(caller.devices, { cursor, limit: limit + 1 }, ledger);
    const page = found.slice(0, limit);
    const devices = page.map((device) => fieldsOf(device));
    const next = found.length > limit ? (page.at(-1)?.id ?? null) : null;
    return json(200, { success: true, devices, next_cursor: next });
  };
}

/** The devices that a limited key names, by id. */
async function granted(
  ids: readonly string[],
  { cursor, limit }: { readonly cursor: DeviceId | undefined; readonly limit: number },
  { findDevice }: Pick<DevicesDeps["ledger"], "findDevice">,
): Promise<readonly DeviceRecord[]> {
  const wanted = ids
    .filter(isDeviceId)
    .filter((id) => cursor === undefined || id > cursor)
    .toSorted()
    .slice(0, limit);
  const found = await Promise.all(wanted.map((id) => findDevice(id)));
  return found.filter((device) => device !== undefined);
}

/** `GET /v1/devices/:id` */
export function getDevice({ ledger }: Pick<DevicesDeps, "ledger">): Handler<"getDevice"> {
  return async ({ caller, params }) => {
    const device = await visibleDevice(params.id, caller, ledger);
    return device === undefined ? refuse(noDevice) : json(200, renderDevice(device));
  };
}

/** The device, unless it does not exist or the key may not see it. */
export async function visibleDevice(
  id: string,
  caller: Caller,
  ledger: { findDevice(id: DeviceId): Promise<DeviceRecord | undefined> },
): Promise<DeviceRecord | undefined> {
  return isDeviceId(id) && maySee(caller, id) ? ledger.findDevice(id) : undefined;
}

export function renderDevice(device: DeviceRecord): DeviceBody {
  return { success: true, ...fieldsOf(device) };
}

function fieldsOf(device: DeviceRecord): Omit<DeviceBody, "success"> {
  const { phone, seenAt } = device;
  return {
    device_id: device.id,
    name: device.name,
    state: device.state,
    cause: device.cause ?? null,
    jid: phone === undefined ? null : chatJid(phone),
    phone_number: phone ?? null,
    pace: renderPace(device.pace),
    created_at: instant(device.createdAt),
    last_seen: seenAt === undefined ? null : instant(seenAt),
  };
}

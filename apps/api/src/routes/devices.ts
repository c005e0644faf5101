import { randomBytes } from "node:crypto";
import type { DeviceBody } from "@pombo/contract";
import { type DeviceId, isDeviceId, mintDeviceId, type Pace } from "@pombo/domain";
import type { DevicePlace, DeviceRecord, NewDevice } from "@pombo/ledger";
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
      readonly after?: DevicePlace;
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

export function fieldsOf(device: DeviceRecord): Omit<DeviceBody, "success"> {
  const { phone, seenAt } = device;
  return {
    device_id: device.id,
    name: device.name,
    state: device.state,
    state_since: instant(device.stateAt),
    cause: device.cause ?? null,
    jid: phone === undefined ? null : chatJid(phone),
    phone_number: phone ?? null,
    pace: renderPace(device.pace),
    created_at: instant(device.createdAt),
    last_seen: seenAt === undefined ? null : instant(seenAt),
  };
}

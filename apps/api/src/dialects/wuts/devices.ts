import { randomBytes } from "node:crypto";
import { type DeviceId, isDeviceId, isOnline, mintDeviceId } from "@pombo/domain";
import type { DeviceRecord } from "@pombo/ledger";
import { type Answer, json, refuse } from "../../answer.ts";
import { answerOnce } from "../../answer-once.ts";
import type { Handler } from "../../bind-route.ts";
import { chatJid } from "../../render-message.ts";
import { bringDevice, type DevicesDeps, limited, noDevice } from "../../routes/devices.ts";
import { second } from "./second.ts";

export type WutsDevicesDeps = DevicesDeps;

/** `POST /devices` */
export function createWutsDevice(deps: WutsDevicesDeps): Handler<"wutsCreateDevice"> {
  return async (call) => {
    if (call.caller.devices !== "*") return refuse(limited);
    const create = async (taken: DeviceId): Promise<Answer> => {
      const device = await bringDevice(taken, call, deps);
      if (device === undefined) return refuse(noDevice);
      const data = { device_id: device.id, name: device.name };
      const message = "Device created";
      return json(201, { success: true, message, data, device: render(device) });
    };
    const id = mintDeviceId(randomBytes(8));
    return answerOnce(call, { route: "wutsCreateDevice", id, create }, deps);
  };
}

const PAGE = 1_000;

/** `GET /devices`: the dialect has no pages. */
export function listWutsDevices({
  ledger,
}: Pick<WutsDevicesDeps, "ledger">): Handler<"wutsListDevices"> {
  return async ({ caller }) => {
    const devices: DeviceRecord[] = [];
    if (caller.devices !== "*") {
      const ids = caller.devices.filter(isDeviceId);
      const found = await Promise.all(ids.map((id) => ledger.findDevice(id)));
      devices.push(...found.filter((device) => device !== undefined));
    } else
      for (let page = await ledger.listDevices({ limit: PAGE }); page.length > 0;) {
        devices.push(...page);
        const last = page.at(-1);
        // oxlint-disable-next-line no-await-in-loop -- each page begins behind the one before
        page = last === undefined ? [] : await ledger.listDevices({ after: last, limit: PAGE });
      }
    return json(200, { success: true, devices: devices.map(render) });
  };
}

function render(device: DeviceRecord): object {
  const { phone, seenAt } = device;
  return {
    id: device.id,
    user_id: device.keyId,
    name: device.name,
    whatsapp_jid: phone === undefined ? null : chatJid(phone),
    connected: isOnline(device.state),
    last_seen: seenAt === undefined ? null : second(seenAt),
    webhook_url: null,
    created_at: second(device.createdAt),
    updated_at: second(device.stateAt),
  };
}

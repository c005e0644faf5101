import type { Settings } from "@pombo/domain";
import type { AcceptDeps } from "../accept-message.ts";
import type { Handlers } from "../bind-route.ts";
import {
  connectDevice,
  type ConnectionDeps,
  disconnectDevice,
  logoutDevice,
} from "./connection.ts";
import { createDevice, type DevicesDeps, getDevice, listDevices } from "./devices.ts";
import { getMessage } from "./get-message.ts";
import {
  getLiveness,
  getOpenapi,
  getReadiness,
  listErrors,
  listLimits,
  type ReadinessDeps,
} from "./meta.ts";
import { getQr, pairByCode } from "./pairing.ts";
import { sendMessage } from "./send-message.ts";

export type HandlerDeps = AcceptDeps &
  DevicesDeps &
  ConnectionDeps &
  ReadinessDeps & { readonly settings: Settings };

/** One handler for each row of the route table. */
export function handlers(deps: HandlerDeps): Handlers {
  return {
    sendMessage: sendMessage(deps),
    getMessage: getMessage(deps),
    createDevice: createDevice(deps),
    listDevices: listDevices(deps),
    getDevice: getDevice(deps),
    connectDevice: connectDevice(deps),
    disconnectDevice: disconnectDevice(deps),
    logoutDevice: logoutDevice(deps),
    getQr: getQr(deps),
    pairByCode: pairByCode(deps),
    listErrors: listErrors(),
    listLimits: listLimits(deps.settings),
    getOpenapi: getOpenapi(deps.settings),
    getLiveness: getLiveness(),
    getReadiness: getReadiness(deps),
  };
}

import type { SyncDeps } from "../../send-synchronously.ts";
import { connectMeant, disconnectMeant, getStatus } from "./connection.ts";
import { createWutsDevice, listWutsDevices, type WutsDevicesDeps } from "./devices.ts";
import { getPairCode, getWutsQr, getWutsQrStatus, type WutsPairingDeps } from "./pairing.ts";
import { sendText } from "./send.ts";

export type WutsDeps = SyncDeps & WutsDevicesDeps & WutsPairingDeps;

/** One handler for each row of the dialect: parse → map → the same core → render. */
export function wutsHandlers(deps: WutsDeps) {
  return {
    wutsSendText: sendText(deps),
    wutsCreateDevice: createWutsDevice(deps),
    wutsListDevices: listWutsDevices(deps),
    wutsConnect: connectMeant(deps),
    wutsDisconnect: disconnectMeant(deps),
    wutsStatus: getStatus(deps),
    wutsQr: getWutsQr(deps),
    wutsQrStatus: getWutsQrStatus(deps),
    wutsPairCode: getPairCode(deps),
  };
}

import type { WebhooksDeps } from "../../routes/webhooks.ts";
import type { SyncDeps } from "../../send-synchronously.ts";
import { checkContact, type WutsContactsDeps } from "./check-contacts.ts";
import { connectMeant, disconnectMeant, getStatus } from "./connection.ts";
import { createWutsDevice, listWutsDevices, type WutsDevicesDeps } from "./devices.ts";
import { getPairCode, getWutsQr, getWutsQrStatus, type WutsPairingDeps } from "./pairing.ts";
import { deleteMessage, type WutsDeletionDeps } from "./delete-message.ts";
import { getWebhookOfDevice, putWebhook } from "./webhook.ts";
import { sendContact, sendFile, sendLocation, sendPoll, sendText } from "./send.ts";

export type WutsDeps = SyncDeps &
  WutsDeletionDeps &
  WutsContactsDeps &
  WebhooksDeps &
  WutsDevicesDeps &
  WutsPairingDeps;

/** One handler for each row of the dialect: parse → map → the same core → render. */
export function wutsHandlers(deps: WutsDeps) {
  return {
    wutsSendText: sendText(deps),
    wutsSendImage: sendFile("wutsSendImage", "image", deps),
    wutsSendVideo: sendFile("wutsSendVideo", "video", deps),
    wutsSendAudio: sendFile("wutsSendAudio", "audio", deps),
    wutsSendDocument: sendFile("wutsSendDocument", "document", deps),
    wutsSendSticker: sendFile("wutsSendSticker", "sticker", deps),
    wutsSendLocation: sendLocation(deps),
    wutsSendContact: sendContact(deps),
    wutsSendPoll: sendPoll(deps),
    wutsDeleteMessage: deleteMessage(deps),
    wutsCreateDevice: createWutsDevice(deps),
    wutsListDevices: listWutsDevices(deps),
    wutsConnect: connectMeant(deps),
    wutsDisconnect: disconnectMeant(deps),
    wutsStatus: getStatus(deps),
    wutsQr: getWutsQr(deps),
    wutsQrStatus: getWutsQrStatus(deps),
    wutsPairCode: getPairCode(deps),
    wutsCheckContacts: checkContact(deps),
    wutsPutWebhook: putWebhook(deps),
    wutsGetWebhook: getWebhookOfDevice(deps),
  };
}

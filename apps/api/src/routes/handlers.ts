import type { Settings } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import type { AcceptDeps } from "../accept-message.ts";
import type { Handlers } from "../bind-route.ts";
import { openOutlooks } from "../batch-outlook.ts";
import {
  type ApiKeysDeps,
  createApiKey,
  getApiKey,
  listApiKeys,
  revokeApiKey,
} from "./api-keys.ts";
import { type BatchLanesDeps, getBatchLanes } from "./batch-lanes.ts";
import { createBatch, type CreateBatchDeps } from "./create-batch.ts";
import { type BatchesDeps, getBatch, listBatches, steerBatch } from "./batches.ts";
import {
  type BatchRowsDeps,
  getBatchErrors,
  getBatchResults,
  listBatchErrors,
  listBatchMessages,
} from "./batch-rows.ts";
import { cancelMessage, type CancelDeps } from "./cancel-message.ts";
import { changeDevice, deleteDevice, type DeletionDeps } from "./change-device.ts";
import { type ChangeDeps, deleteMessage, editMessage } from "./change-message.ts";
import {
  connectDevice,
  type ConnectionDeps,
  disconnectDevice,
  logoutDevice,
} from "./connection.ts";
import { type EventsDeps, listEvents } from "./events.ts";
import { createDevice, type DevicesDeps, getDevice } from "./devices.ts";
import { listDevices, type ListDevicesDeps } from "./list-devices.ts";
import {
  checkContacts,
  type DirectoryDeps,
  getGroup,
  listGroups,
  syncHistory,
} from "./directory.ts";
import { eraseContact, type ErasureDeps } from "./erase-contact.ts";
import { getMessage } from "./get-message.ts";
import { getLane, type LaneDeps, moveEarlier, setPaused } from "./lane.ts";
import { getDeviceHistory, getLaneGates, type LaneGatesDeps } from "./lane-gates.ts";
import { groupLetters } from "./group-letters.ts";
import { getLetter, type LettersDeps, listLetters } from "./letters.ts";
import { createMedia, deleteMedia, getMedia, type MediaDeps } from "./media.ts";
import {
  getLiveness,
  getOpenapi,
  getReadiness,
  listErrors,
  listLimits,
  type ReadinessDeps,
} from "./meta.ts";
import { beginOperation, getOperation, listOperations, type OperationsDeps } from "./operations.ts";
import { getQr, pairByCode } from "./pairing.ts";
import { listMessages, type ListDeps } from "./list-messages.ts";
import { getMessageMedia, type MessageMediaDeps } from "./message-media.ts";
import { changePool, createPool, deletePool, getPool, listPools, type PoolsDeps } from "./pools.ts";
import { pollMessages } from "./poll-messages.ts";
import { discardLetter, redriveLetter, type RedriveDeps } from "./redrive-letter.ts";
import {
  type DeliveriesDeps,
  listDeliveries,
  redeliverWebhook,
  testWebhook,
} from "./deliveries.ts";
import { sendMessage } from "./send-message.ts";
import { type ImportDeps, importSuppressions } from "./import-suppressions.ts";
import {
  addSuppressions,
  getSuppression,
  listSuppressions,
  removeSuppression,
  type SuppressionsDeps,
} from "./suppressions.ts";
import {
  changeWebhook,
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  resumeWebhook,
  rotateWebhookSecret,
  type WebhooksDeps,
} from "./webhooks.ts";
import { sessionHandlers, type SessionDeps } from "../dialects/session/handlers.ts";
import { wutsHandlers, type WutsDeps } from "../dialects/wuts/handlers.ts";
import { getMetrics, type MetricsDeps } from "./metrics.ts";
import { previewBatch, type PreviewDeps } from "./preview-batch.ts";
import { getOverview, type OverviewDeps } from "./overview.ts";
import { sandboxHandlers, type SandboxDeps } from "./sandbox.ts";
import { listWorkers, type WorkersDeps } from "./workers.ts";

export type HandlerDeps = AcceptDeps &
  ChangeDeps &
  DirectoryDeps &
  ListDeps &
  MessageMediaDeps &
  DevicesDeps &
  ListDevicesDeps &
  ConnectionDeps &
  DeletionDeps &
  CancelDeps &
  LaneDeps &
  LaneGatesDeps &
  PoolsDeps &
  LettersDeps &
  RedriveDeps &
  MediaDeps &
  SuppressionsDeps &
  ImportDeps &
  ErasureDeps &
  OperationsDeps &
  ApiKeysDeps &
  BatchesDeps &
  BatchLanesDeps &
  BatchRowsDeps &
  CreateBatchDeps &
  EventsDeps &
  WorkersDeps &
  MetricsDeps &
  OverviewDeps &
  PreviewDeps &
  SandboxDeps &
  WebhooksDeps &
  DeliveriesDeps &
  ReadinessDeps &
  SessionDeps &
  WutsDeps & {
    readonly ledger: Pick<Ledger, "editDevice" | "messageHeads">;
    readonly settings: Settings;
  };

/** One handler for each row of the route table. */
export function handlers(deps: HandlerDeps): Handlers {
  return {
    sendMessage: sendMessage(deps),
    getMessage: getMessage(deps),
    listMessages: listMessages(deps),
    cancelMessage: cancelMessage(deps),
    pollMessages: pollMessages(deps),
    editMessage: editMessage(deps),
    deleteMessage: deleteMessage(deps),
    createDevice: createDevice(deps),
    listDevices: listDevices(deps),
    getDevice: getDevice(deps),
    changeDevice: changeDevice(deps),
    deleteDevice: deleteDevice(deps),
    connectDevice: connectDevice(deps),
    disconnectDevice: disconnectDevice(deps),
    logoutDevice: logoutDevice(deps),
    getQr: getQr(deps),
    pairByCode: pairByCode(deps),
    ...batchHandlers(deps),
    ...laneHandlers(deps),
    ...poolHandlers(deps),
    ...directoryHandlers(deps),
    ...letterHandlers(deps),
    ...keyHandlers(deps),
    ...suppressionHandlers(deps),
    createMedia: createMedia(deps),
    getMedia: getMedia(deps),
    deleteMedia: deleteMedia(deps),
    ...webhookHandlers(deps),
    listEvents: listEvents(deps),
    listWorkers: listWorkers(deps),
    getMetrics: getMetrics(deps),
    getOverview: getOverview(deps),
    ...sandboxHandlers(deps),
    listErrors: listErrors(),
    listLimits: listLimits(deps.settings),
    getOpenapi: getOpenapi(deps.settings),
    getLiveness: getLiveness(),
    getReadiness: getReadiness(deps),
    ...wutsHandlers(deps),
    ...sessionHandlers(deps),
  };
}

function directoryHandlers(deps: DirectoryDeps & MessageMediaDeps) {
  return {
    listGroups: listGroups(deps),
    getGroup: getGroup(deps),
    checkContacts: checkContacts(deps),
    syncHistory: syncHistory(deps),
    getMessageMedia: getMessageMedia(deps),
  };
}

function batchHandlers(
  deps: BatchesDeps & BatchLanesDeps & BatchRowsDeps & CreateBatchDeps & PreviewDeps,
) {
  const outlooks = openOutlooks(deps);
  return {
    createBatch: createBatch(deps),
    previewBatch: previewBatch(deps),
    listBatches: listBatches(deps),
    getBatch: getBatch(deps, outlooks),
    listBatchMessages: listBatchMessages(deps),
    getBatchLanes: getBatchLanes(deps),
    listBatchErrors: listBatchErrors(deps),
    getBatchErrors: getBatchErrors(deps),
    getBatchResults: getBatchResults(deps),
    pauseBatch: steerBatch(deps, "pause", outlooks),
    resumeBatch: steerBatch(deps, "resume", outlooks),
    cancelBatch: steerBatch(deps, "cancel", outlooks),
  };
}

function laneHandlers(deps: LaneDeps & LaneGatesDeps) {
  return {
    getLane: getLane(deps),
    getLaneGates: getLaneGates(deps),
    getDeviceHistory: getDeviceHistory(deps),
    pauseLane: setPaused(deps, true),
    resumeLane: setPaused(deps, false),
    releaseLane: moveEarlier(deps, "release"),
    discardLane: moveEarlier(deps, "discard"),
  };
}

function poolHandlers(deps: PoolsDeps) {
  return {
    createPool: createPool(deps),
    listPools: listPools(deps),
    getPool: getPool(deps),
    changePool: changePool(deps),
    deletePool: deletePool(deps),
  };
}

function letterHandlers(deps: LettersDeps & RedriveDeps & OperationsDeps) {
  return {
    listLetters: listLetters(deps),
    groupLetters: groupLetters(deps),
    getLetter: getLetter(deps),
    redriveLetter: redriveLetter(deps),
    discardLetter: discardLetter(deps),
    redriveLetters: beginOperation(deps, "redrive"),
    discardLetters: beginOperation(deps, "discard"),
    listOperations: listOperations(deps),
    getOperation: getOperation(deps),
  };
}

function suppressionHandlers(deps: SuppressionsDeps & ImportDeps & ErasureDeps) {
  return {
    addSuppressions: addSuppressions(deps),
    importSuppressions: importSuppressions(deps),
    listSuppressions: listSuppressions(deps),
    getSuppression: getSuppression(deps),
    removeSuppression: removeSuppression(deps),
    eraseContact: eraseContact(deps),
  };
}

function keyHandlers(deps: ApiKeysDeps) {
  return {
    createApiKey: createApiKey(deps),
    listApiKeys: listApiKeys(deps),
    getApiKey: getApiKey(deps),
    revokeApiKey: revokeApiKey(deps),
  };
}

function webhookHandlers(deps: WebhooksDeps & DeliveriesDeps) {
  return {
    createWebhook: createWebhook(deps),
    listWebhooks: listWebhooks(deps),
    getWebhook: getWebhook(deps),
    changeWebhook: changeWebhook(deps),
    deleteWebhook: deleteWebhook(deps),
    rotateWebhookSecret: rotateWebhookSecret(deps),
    testWebhook: testWebhook(deps),
    resumeWebhook: resumeWebhook(deps),
    redeliverWebhook: redeliverWebhook(deps),
    listDeliveries: listDeliveries(deps),
  };
}

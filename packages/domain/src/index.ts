// Identity
export {
  type BatchId,
  type CellId,
  deviceEndpointId,
  type DeviceId,
  type EndpointId,
  isBatchId,
  isCellId,
  isDeviceId,
  isMediaId,
  isEndpointId,
  isMessageId,
  isPoolId,
  type MediaId,
  type MessageId,
  mintBatchId,
  mintDeviceId,
  mintMediaId,
  mintEndpointId,
  mintMessageId,
  mintPoolId,
  type PoolId,
} from "./id.ts";
export { compareCursors, FIRST_CURSOR, isCursor } from "./cursor.ts";
export {
  ERASED,
  type ParsedRecipient,
  parseRecipient,
  type Recipient,
  recipientKey,
} from "./recipient.ts";

// Whom nothing is sent to
export {
  isOptOut,
  OPT_OUT_KEYWORDS,
  readKeywords,
  stops,
  SUPPRESSION_REASONS,
  type SuppressionReason,
} from "./suppression.ts";

// What comes in
export { type InboundMedia, type InboundMessage, isInboundId, tellInbound } from "./inbound.ts";

// Changing a message that was sent
export {
  type ChangeTarget,
  type ChangeVerdict,
  judgeChange,
  refusalOf,
  type TargetChange,
} from "./change-target.ts";

// What a message says
export {
  CONTENT_KINDS,
  type ContentKind,
  type Extras,
  isMedia,
  type MediaContent,
  type MediaRef,
  type MessageContent,
  readContent,
  reworded,
  type Target,
  targetOf,
  wordsOf,
} from "./content.ts";

export {
  columnName,
  compileContent,
  type CompiledTemplate,
  compileTemplate,
  FILE_OF_ROW,
  type Template,
} from "./template.ts";

// Many messages from one upload
export {
  BATCH_COUNTS,
  BATCH_STATES,
  BATCH_WISHES,
  type BatchCounts,
  batchDue,
  type BatchError,
  type BatchFacts,
  type BatchMove,
  type BatchSettings,
  type BatchState,
  type BatchVerdict,
  type BatchWish,
  CHUNK_ROWS,
  endUpload,
  isEnded,
  judgeWish,
  MOST_ROWS,
  nextDue,
  type PackedRow,
  packRows,
  RATE_WINDOW_MS,
  rateOf,
  type RateWindows,
  type RestStatus,
  renderRows,
  rowMessageId,
  rowOf,
  startStreaming,
  unpackRows,
} from "./batch.ts";

// Errors
export {
  CATALOG,
  type CatalogRow,
  catalogRow,
  type Dialect,
  type Effect,
  ERROR_CODES,
  type ErrorClass,
  type ErrorCode,
  type ErrorScope,
  type HttpAnswer,
  isErrorCode,
  type Remedy,
} from "./catalog.ts";
export type { Failure } from "./failure.ts";

// The life of a message
export {
  ENTRANCES,
  type EvidenceStatus,
  isSettled,
  isTerminal,
  mayEnter,
  MESSAGE_STATUSES,
  type MessageStatus,
  type Origin,
} from "./message-status.ts";
export { type Attempt, doubling, effectOf, nextStep, type NextStep } from "./next-step.ts";

// Media
export {
  hasCaption,
  isMediaKind,
  MEDIA_KINDS,
  type MediaKind,
  mediaLimit,
  mostMediaBytes,
} from "./media-kind.ts";
export { checkType, essenceOf, type TypeCheck } from "./media-type.ts";

// Lanes and devices
export {
  type Aside,
  type Candidate,
  type Hold,
  type LaneState,
  type Later,
  type Pick,
  pickNext,
} from "./pick-next.ts";
export {
  type Budget,
  budgetOf,
  dayOf,
  type DayCount,
  nextPaceAt,
  type Pace,
  ratePerMinute,
  type ResolvedPace,
  resolvePace,
} from "./pacing.ts";
export {
  bestDevice,
  dealDevices,
  dealRows,
  GIVING_BACK,
  isLiving,
  POOL_STRATEGIES,
  type PoolDevice,
  type PoolStrategy,
  type Tie,
  firmTie,
} from "./pool.ts";
export { isTimezone, type QuietHours, quietUntil } from "./quiet-hours.ts";
export {
  forecast,
  type Forecast,
  FORECAST_LIMITS,
  type ForecastInput,
  type ForecastLane,
  type ForecastLimit,
  type ForecastRows,
} from "./forecast.ts";
export { timezoneOf } from "./dial-zones.ts";
export { explainWait, type Wait, type WaitFacts } from "./explain-wait.ts";
export { type Gate, type GateFacts, gatesOf, GATES, type WaitingFor } from "./gates.ts";
export { standstill, type Standstill, type StandstillFacts } from "./standstill.ts";
export { type Priority, PRIORITIES } from "./priority.ts";
export {
  type Blocker,
  BLOCKERS,
  DEVICE_STATES,
  type DeviceState,
  isOnline,
} from "./device-state.ts";

// What happened lately, and what needs somebody
export {
  addTallies,
  type Pulse,
  PULSE_COUNTS,
  quantileOf,
  readPulse,
  type Tallies,
} from "./pulse.ts";
export {
  ATTENTION_KINDS,
  type AttentionFacts,
  type AttentionItem,
  attentionOf,
  laneAttention,
  type LaneCondition,
  type RecentFailures,
  type WebhookCondition,
} from "./attention.ts";

// Settings
export {
  DEFAULT_SETTINGS,
  type ReadSettings,
  readSettings,
  type SettingName,
  SETTINGS,
  type Settings,
} from "./settings.ts";
export { judgeSettings, type SettingFault } from "./judge-settings.ts";
export { VARIABLE_NAMES, VARIABLES } from "./variables.ts";

// Webhooks
export {
  type Backlog,
  circuitWait,
  DELIVERY_STATES,
  type DeliveryFailure,
  type DeliveryOutcome,
  type DeliveryState,
  type DeliveryTry,
  type DeliveryVerdict,
  judgeDelivery,
  roomOf,
} from "./delivery.ts";

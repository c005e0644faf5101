// The ledger of a cell
export { type Ledger, type LedgerDeps, openLedger } from "./ledger.ts";
export { storeChecks } from "./store-checks.ts";
export { demandSchema, judgeSchema, type SchemaSettled } from "./schema.ts";

// Accepting
export type { AdmittedCall } from "./admissions.ts";
export type {
  AcceptClaim,
  Accepted,
  Claim,
  Claimed,
  KeyCheck,
  NewMessage,
  StoredAnswer,
} from "./accept.ts";
export { type ApiKeyRecord, digestApiKey, type Scope, SCOPES } from "./api-keys.ts";
export type { ConsoleSession, SignInTry } from "./console-sessions.ts";

// Batches
export type { BatchRow } from "./batch-rows.ts";
export type { Draw, Draws, RenderedRow } from "./draws.ts";
export type { BatchRecord } from "./batch-record.ts";
export type {
  Appended,
  BatchCursor,
  CreatedBatch,
  FinishedUpload,
  NewBatch,
  NewChunk,
  SteeredBatch,
} from "./batches.ts";

// Reading
export type { MessageRecord, Place, TimelineEntry } from "./message-record.ts";
export type { MessageView } from "./views.ts";
export type { Standing } from "./standstills.ts";
export type { EventLogEnds, LogEntry } from "./event-log.ts";
export type { LetterHead, MessageHead } from "./polls.ts";
export type { LetterCursor, Redriven } from "./letters.ts";
export { sendAnew } from "./send-anew.ts";
export type { LetterFilter, NewOperation, OperationRecord } from "./operations.ts";
export type { KnownNumber } from "./directory.ts";
export type { InboxCursor } from "./inbound.ts";
export type { TargetMove } from "./changes.ts";
export type { Closed } from "./closing.ts";
export type { Canceled } from "./withdrawals.ts";

// Whom nothing is sent to
export type { NewSuppression, SuppressionRecord } from "./suppressions.ts";

// Owning and sending
export type {
  DrawHint,
  Fed,
  FeedOrder,
  LaneView,
  Ownership,
  TakenOver,
  WindowEntry,
} from "./lane.ts";
export type { Begun, Evidence, InHand, Outcome, Settled, Taken } from "./attempts.ts";
export type { DeviceEntry, StandingGroup } from "./lane-waits.ts";
export type { LaneReport } from "./lane-report.ts";
export type { LaneSurvey, PooledRows, PulseBucket } from "./overview.ts";
export type { WeighedRecipient } from "./recipients.ts";
export type { CredentialStore } from "./credentials.ts";

// Media
export {
  type Carried,
  carriedBy,
  type Media,
  type MediaRecord,
  type MediaUpload,
  receivedMediaId,
} from "./media.ts";

// Devices
export {
  type DeviceChange,
  type DevicePlace,
  type DeviceRecord,
  type NewDevice,
  shownState,
} from "./devices.ts";
export type { PoolRecord } from "./pools.ts";
export type { Pooled } from "./pool-choice.ts";
export type { DeviceReply, DeviceRequest } from "./requests.ts";

// Webhooks
export type { EndpointEdit, EndpointRecord, EndpointState, NewEndpoint } from "./endpoints.ts";
export type {
  BegunDelivery,
  DeliveryKey,
  DeliveryRecord,
  NewDelivery,
  SettledDelivery,
} from "./deliveries.ts";

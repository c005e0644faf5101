/**
 * What outsiders see, as data: the route table, the schemas of requests and answers, and the shapes of problems.
 *
 * ```
 *  route table ──► the API binds it        schemas ──► validate ──► {field, message, value}
 *       └────────► OpenAPI 3.1             catalog ──► renderProblem(dialect) ──► status, headers, body
 * ```
 */

// Routes
export { type DescribedRoute, type Route, type RouteAnswer, type Scope, SCOPES } from "./route.ts";
export { CONSOLE_ROUTES } from "./console-routes.ts";
export { type RouteInput, type RouteName, ROUTES, type RouteTable, routeTable } from "./routes.ts";
export { type OpenapiDocument, openapiDocument } from "./openapi.ts";

// Requests and answers
export type { MediaBody } from "./media.ts";
export type {
  AcceptedMessageBody,
  ChangedMessageBody,
  MessageBody,
  MessageDetailBody,
  StatusListBody,
  MessagePageBody,
  SendMessageInput,
} from "./message.ts";
export { CONTENT_KEYS, type ContentKey, textRule, wrongWords } from "./content.ts";
export type {
  AcceptedBatchBody,
  BatchBody,
  BatchErrorPageBody,
  BatchLanesBody,
  BatchPageBody,
  BatchQueryInput,
  BatchRowPageBody,
  BatchSettingsInput,
} from "./batch.ts";
export { batchSettings } from "./batch.ts";
export type { ApiKeyBody, CreateApiKeyInput } from "./api-key.ts";
export type { DeviceBody, DevicePageBody } from "./device.ts";
export type { CheckedContactsBody, GroupBody, GroupListBody } from "./directory.ts";
export type { LaneBody, LaneGatesBody, PaceInput } from "./lane.ts";
export type {
  LetterBody,
  LetterGroupsBody,
  LetterPageBody,
  OperationBody,
  RedrivenBody,
} from "./letter.ts";
export {
  type AddedSuppressionsBody,
  type ImportedSuppressionsBody,
  suppressionRow,
  type SuppressionBody,
  type SuppressionPageBody,
} from "./suppression.ts";
export type { PoolBody } from "./pool.ts";
export { wutsContact, wutsFile, wutsLocation, wutsPoll } from "./wuts-send.ts";
export { SESSION_STATUSES, type SessionMessageBody } from "./session.ts";
export {
  type AddSandboxFaultInput,
  FAULT_FIELDS,
  SANDBOX_FAULTS,
  type SandboxFault,
  type SandboxFaultBody,
  type SandboxFaultsBody,
  type SandboxLogBody,
  type SandboxMessageBody,
  type SandboxPhoneBody,
} from "./sandbox.ts";
export type { DeliveryPageBody, WebhookBody } from "./webhook.ts";
export { type CheckedTimes, checkTimes } from "./schedule.ts";
export { idempotencyKey } from "./idempotency-key.ts";
export { parsePrefer, type Preference } from "./prefer.ts";
export {
  type BatchRowInput,
  batchRow,
  rowContent,
  readPlainRow,
  templateRow,
} from "./batch-row.ts";
export { fileContent, type FileInput, plainContent } from "./message-content.ts";
export {
  type CodedEntry,
  shortened,
  type Validated,
  validate,
  validateRow,
  type ValidationEntry,
} from "./validation.ts";
export { elide } from "./elide.ts";
export { nearestName } from "./nearest-name.ts";
export { type ParsedJson, parseJson } from "./parse-json.ts";
export { errorList, limitList } from "./error-list.ts";

// Events
export {
  EVENT_FILTERS,
  EVENT_TYPES,
  type EventBody,
  eventBody,
  type EventInterest,
  isWanted,
  type LoggedEvent,
  readLogEntry,
  renderEvent,
} from "./event.ts";
export type { FleetBody } from "./fleet.ts";
export type { OverviewBody } from "./overview.ts";
export { type BatchPreviewBody, PREVIEW_WARNINGS } from "./batch-preview.ts";
export type { EventPageBody } from "./event-routes.ts";

// Problems
export { answerOf, dialectOf } from "./dialect.ts";
export {
  type Problem,
  type ProblemContext,
  renderProblem,
  type RenderedProblem,
} from "./problem.ts";

/**
 * Pombo's client, for Node and browsers. It depends on nothing but what the web has: fetch, streams, WebCrypto.
 *
 * ```
 *  route table ──► table.ts: what each route takes and answers, as types and as data ──► createPombo ──► a method per route
 *                                                                                            └──► call ──► fetch, and again (nextTry)
 * ```
 */

// Calls
export { createPombo, type Pombo, type PomboOptions } from "./create-pombo.ts";
export type { CallOptions } from "./call.ts";
export type { RetryPolicy } from "./next-try.ts";
export type { Input, Output, RouteName } from "./table.ts";

// Batches
export type { BatchRows, BatchToPreview, NewBatch } from "./create-batch.ts";

// Errors
export { type ErrorClass, type ErrorCode, PomboError } from "./pombo-error.ts";

// Events
export type { EventsAsk, Gap, PomboEvent } from "./stream-events.ts";
export { readServerSentEvents, type ServerSentEvent } from "./server-sent-events.ts";
export { type Received, type Verified, verifyWebhook } from "./verify-webhook.ts";

import type { MessageContent } from "./content.ts";
import type { ErrorCode } from "./catalog.ts";
import type { BatchId, MessageId } from "./id.ts";
import { MESSAGE_STATUSES } from "./message-status.ts";
import type { Priority } from "./priority.ts";
import type { QuietHours } from "./quiet-hours.ts";
import { compileContent, withOwnFile } from "./template.ts";

/**
 * The life of a batch.
 *
 * ```
 *  receiving ──upload ended──► ready ──send_at──► running ──nothing is open──► completed ──redrive──► running
 *      │  │                      │  ▲              │  ▲
 *      │  └──streaming, or no send_at──────────────┼──┤
 *      │                         └───────► paused ◄┘──┘
 *      └──24 h without an end──► abandoned         any of these but the last three ──cancel──► canceled
 * ```
 * A batch that is paused while its upload goes on stays paused, and the upload goes on.
 */
export const BATCH_STATES = [
  "receiving",
  "ready",
  "running",
  "paused",
  "completed",
  "canceled",
  "abandoned",
] as const;

export type BatchState = (typeof BATCH_STATES)[number];

const ENDED: ReadonlySet<BatchState> = new Set(["completed", "canceled", "abandoned"]);

/** True when nothing of it will be sent any more (short of a redrive). */
export function isEnded(state: BatchState): boolean {
  return ENDED.has(state);
}

/** Rows that are packed together. */
export const CHUNK_ROWS = 500;

/** Rows that a batch can have: what fits into the seven hex digits of a row's message id. */
export const MOST_ROWS = 0xfffffff;

/** The message id of a row; rows count from 1, over all rows of the upload, good or bad. */
export function rowMessageId(batchId: BatchId, row: number): MessageId {
  const number = row.toString(16).toUpperCase().padStart(7, "0");
  return `3EB0${batchId.slice("bat_".length)}${number}` as MessageId;
}

/** The batch and row that a message id would have. A message of its own has such an id too: ask whether there is that batch. */
export function rowOf(messageId: MessageId): { readonly batchId: BatchId; readonly row: number } {
  return {
    batchId: `bat_${messageId.slice(4, 15)}` as BatchId,
    row: Number.parseInt(messageId.slice(15), 16),
  };
}

/** What all rows of a batch share. */
export interface BatchSettings {
  /** The id of a device or of a pool. */
  readonly from: string;
  /** For people. */
  readonly name?: string;
  /** A content whose words hold `{{column}}`; absent: every row brings its own. */
  readonly template?: MessageContent;
  readonly priority: Priority;
  /** Not before, ms since the epoch. */
  readonly sendAt?: number;
  /** What has not left by then ends as `expired`; ms since the epoch. */
  readonly expiresAt?: number;
  readonly quietHours?: QuietHours;
  /** What no two rows may have in common: the recipient in this batch, or the client_ref among all messages of the API key. */
  readonly dedupe: "none" | "recipient" | "client_ref";
  /** `reject`: with one row that is not accepted, nothing is sent. */
  readonly onInvalid: "skip" | "reject";
  /** `complete`: nothing is sent before the upload ended well. */
  readonly start: "complete" | "streaming";
}

/** A row as it is kept: only what differs from the others. */
export interface PackedRow {
  /** digits, or a group JID */
  readonly to: string;
  readonly clientRef?: string;
  /** With a template: the values of its columns, in their order (template.ts). */
  readonly values?: readonly string[];
  /** Without a template; a file that is to be fetched has the id FILE_OF_ROW (template.ts). */
  readonly content?: MessageContent;
  readonly metadata?: unknown;
}

/** Why a row was not accepted; one entry for each wrong field. */
export interface BatchError {
  readonly row: number;
  /** Where the row begins in what was uploaded, from 1. */
  readonly line: number;
  readonly kind: "invalid" | "duplicate" | "suppressed";
  readonly field: string;
  /** What was sent; null when absent. */
  readonly value: unknown;
  readonly code: ErrorCode;
  readonly message: string;
  /** Of a duplicate: the message that went in its place. */
  readonly messageId?: MessageId;
}

type Packed = readonly [
  to: string,
  body: readonly string[] | MessageContent | 0,
  ref?: string | 0,
  metadata?: unknown,
];

/** Consecutive rows as text; `null` stands for a row that was not accepted. */
export function packRows(rows: readonly (PackedRow | null)[]): string {
  return JSON.stringify(rows.map((row) => (row === null ? 0 : packRow(row))));
}

function packRow({ to, values, content, clientRef, metadata }: PackedRow): Packed {
  const body = values ?? content ?? 0;
  if (metadata !== undefined) return [to, body, clientRef ?? 0, metadata];
  return clientRef === undefined ? [to, body] : [to, body, clientRef];
}

/** What {@link packRows} was given. */
export function unpackRows(text: string): readonly (PackedRow | null)[] {
  return (JSON.parse(text) as readonly (Packed | 0)[]).map((row) =>
    row === 0 ? null : unpackRow(row),
  );
}

function unpackRow([to, body, ref = 0, metadata]: Packed): PackedRow {
  return {
    to,
    ...(body === 0 ? {} : isValues(body) ? { values: body } : { content: body }),
    ...(ref === 0 ? {} : { clientRef: ref }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function isValues(body: readonly string[] | MessageContent): body is readonly string[] {
  return Array.isArray(body);
}

/** What the rows of a batch say. Throws for a template that is malformed, or a row that has nothing to say. */
export function renderRows({
  template,
}: Pick<BatchSettings, "template">): (row: PackedRow, messageId: MessageId) => MessageContent {
  if (template === undefined)
    return ({ content }, messageId) => {
      if (content === undefined) throw new Error("a row without a template has no content");
      return withOwnFile(content, messageId);
    };
  const render = compileContent(template);
  return ({ values = [] }, messageId) => render(values, messageId);
}

/** What rows that were not drawn from their batch yet have in common: the status that each of them shows. */
export type RestStatus = "scheduled" | "queued" | "canceled" | "expired";

/** As much of a batch as the rules look at. Times are ms since the epoch. */
export interface BatchFacts extends Pick<
  BatchSettings,
  "start" | "onInvalid" | "sendAt" | "expiresAt"
> {
  readonly state: BatchState;
  readonly createdAt: number;
  /** When the upload had ended well; absent: it goes on. */
  readonly uploadedAt?: number;
  readonly rest: RestStatus;
  /** Rows that were not accepted. */
  readonly refused: number;
  /** Messages that are not settled, rows that were not drawn included. */
  readonly open: number;
}

/** What becomes of a batch, and of its rows that were not drawn yet. */
export interface BatchMove {
  readonly to: BatchState;
  readonly rest?: RestStatus;
  /** Why, where the state alone does not say it. */
  readonly reason?: "rows_refused" | "device_deleted" | "identity_changed" | "upload_not_ended";
}

/** What a user asks of a batch. */
export const BATCH_WISHES = ["pause", "resume", "cancel"] as const;
export type BatchWish = (typeof BATCH_WISHES)[number];

export type BatchVerdict =
  | { readonly kind: "move"; readonly move: BatchMove }
  /** It is so already. */
  | { readonly kind: "same" }
  /** It has ended. */
  | { readonly kind: "refused" };

export function judgeWish(wish: BatchWish, batch: BatchFacts, now: number): BatchVerdict {
  const { state } = batch;
  if (wish === "cancel" && state === "canceled") return { kind: "same" };
  if (isEnded(state)) return { kind: "refused" };
  if (wish === "cancel") return { kind: "move", move: { to: "canceled", rest: "canceled" } };
  if ((wish === "pause") === (state === "paused")) return { kind: "same" };
  return { kind: "move", move: wish === "pause" ? { to: "paused" } : goOn(batch, now) };
}

/** Where a batch stands when nobody has paused it. */
function goOn(batch: BatchFacts, now: number): BatchMove {
  const early = (batch.sendAt ?? 0) > now;
  if (batch.uploadedAt === undefined && (early || batch.start === "complete"))
    return { to: "receiving" };
  if (early) return { to: "ready" };
  return batch.rest === "scheduled" ? { to: "running", rest: "queued" } : { to: "running" };
}

/** What the end of the upload makes of a batch. */
export function endUpload(batch: BatchFacts, now: number): BatchMove {
  if (batch.onInvalid === "reject" && batch.refused > 0)
    return { to: "canceled", rest: "canceled", reason: "rows_refused" };
  if (batch.open === 0) return { to: "completed" };
  return batch.state === "paused" ? { to: "paused" } : goOn({ ...batch, uploadedAt: now }, now);
}

/** A streaming batch goes as soon as it has rows; undefined while it does not move. */
export function startStreaming(batch: BatchFacts, now: number): BatchMove | undefined {
  if (batch.start !== "streaming" || batch.state !== "receiving" || batch.open === 0)
    return undefined;
  const move = goOn(batch, now);
  return move.to === "receiving" ? undefined : move;
}

/** What time brings to a batch that has not ended; undefined: nothing yet. `uploadMs`: how long an upload may stay open. */
export function batchDue(batch: BatchFacts, now: number, uploadMs: number): BatchMove | undefined {
  const { state, expiresAt, uploadedAt, rest } = batch;
  if (isEnded(state)) return undefined;
  if (uploadedAt === undefined && batch.createdAt + uploadMs <= now)
    return { to: "abandoned", rest: "canceled", reason: "upload_not_ended" };
  const waits = rest === "scheduled" || rest === "queued";
  if (expiresAt !== undefined && expiresAt <= now && waits) return { to: state, rest: "expired" };
  if (rest !== "scheduled" || (batch.sendAt ?? 0) > now) return undefined;
  if (state === "paused" || state === "receiving") {
    const move = state === "paused" ? { to: state } : goOn(batch, now);
    return { ...move, rest: "queued" };
  }
  return goOn(batch, now);
}

/** When {@link batchDue} has something to say at the earliest; undefined: never. */
export function nextDue(batch: BatchFacts, uploadMs: number): number | undefined {
  if (isEnded(batch.state)) return undefined;
  const { rest, sendAt, expiresAt, uploadedAt, createdAt } = batch;
  const times = [
    ...(uploadedAt === undefined ? [createdAt + uploadMs] : []),
    ...(rest === "scheduled" && sendAt !== undefined ? [sendAt] : []),
    ...((rest === "scheduled" || rest === "queued") && expiresAt !== undefined ? [expiresAt] : []),
  ];
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Messages of a batch by status, and the rows that are none. `accepted` is the sum of the statuses, at every moment. */
export const BATCH_COUNTS = [
  "accepted",
  "invalid",
  "duplicate",
  "suppressed",
  ...MESSAGE_STATUSES,
] as const;

export type BatchCounts = Readonly<Record<(typeof BATCH_COUNTS)[number], number>>;

/** How many messages left in two windows of {@link RATE_WINDOW_MS}: the one with this number, and the one before. */
export interface RateWindows {
  readonly number: number;
  readonly present: number;
  readonly before: number;
}

export const RATE_WINDOW_MS = 10_000;

/** Messages a second that left lately; 0 when none did. */
export function rateOf({ number, present, before }: RateWindows, now: number): number {
  const at = Math.floor(now / RATE_WINDOW_MS);
  const into = (now % RATE_WINDOW_MS) / RATE_WINDOW_MS;
  const [last, earlier] =
    number === at ? [present, before] : number === at - 1 ? [0, present] : [0, 0];
  return (last + earlier * (1 - into)) / (RATE_WINDOW_MS / 1_000);
}

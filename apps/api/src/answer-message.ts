import { answerOf, type Preference, type RenderedProblem } from "@pombo/contract";
import {
  catalogRow,
  type ErrorCode,
  isSettled,
  type MessageId,
  type MessageStatus,
} from "@pombo/domain";
import type { Claim, Ledger, MessageView, NewMessage } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import { type Answer, json, refuse } from "./answer.ts";
import type { Client } from "./exchange.ts";
import { type IdempotencyRecords, replay } from "./idempotency.ts";
import { renderAccepted, renderMessage, renderNew } from "./render-message.ts";
import { isStoreAway } from "./store-away.ts";
import { type MessageReader, waitForMessage, type WaitForMessageDeps } from "./wait-for-message.ts";

export interface AnswerDeps extends WaitForMessageDeps {
  readonly ledger: MessageReader &
    Pick<IdempotencyRecords, "storeAnswer"> &
    Pick<Ledger, "closeMessage">;
  readonly log: Pick<Log, "error">;
}

export interface AnswerRequest {
  readonly prefer: Preference;
  readonly client: Client;
  render(problem: { code: ErrorCode; detail?: string; messageId: MessageId }): RenderedProblem;
}

export interface AcceptedMessage {
  readonly messageId: MessageId;
  readonly claim?: Claim;
  /** Absent when another request had it accepted. */
  readonly message?: NewMessage;
}

/** Waits, answers, and stores the answer before it is written. A client that has left gets none, so that its retry joins the wait. */
export async function answerMessage(
  accepted: AcceptedMessage,
  request: AnswerRequest,
  deps: AnswerDeps,
): Promise<Answer> {
  const { messageId, claim, message } = accepted;
  try {
    if (message !== undefined && claim === undefined && waitMs(request.prefer) === 0)
      return answerUnread(message, request);
    const answer = await answerWithOutcome(accepted, request, deps);
    return claim === undefined || request.client.gone.aborted || isError(answer)
      ? answer
      : await keepAnswer(answer, { digest: claim.digest, messageId }, deps);
  } catch (error) {
    if (message === undefined) throw error;
    if (!isStoreAway(error)) deps.log.error("message.not_shown", { message_id: messageId, error });
    return answerUnread(message, request);
  }
}

/** What is known without reading the message back. */
export function answerUnread(
  message: NewMessage,
  { prefer }: Pick<AnswerRequest, "prefer">,
): Extract<Answer, { kind: "answer" }> {
  return { ...json(202, renderNew(message), appliedOf(prefer)), messageId: message.id };
}

/** How long the caller wants to wait for the outcome. */
export function waitMs({ respondAsync, waitS }: Preference): number {
  return respondAsync ? 0 : (waitS ?? 0) * 1_000;
}

/** An error answer is never replayed: its message is closed, and the next try is a new one. */
function isError(answer: Answer): boolean {
  return answer.kind === "problem" || answer.status >= 400;
}

/** Waits as long as `Prefer` asks, then answers by the status. A client that has left gets no error, so its message stays a letter. */
async function answerWithOutcome(
  { messageId, claim }: AcceptedMessage,
  request: AnswerRequest,
  deps: AnswerDeps,
): Promise<Answer> {
  const patience = { ms: waitMs(request.prefer), signal: request.client.stop, done: hasOutcome };
  const view = await waitForMessage(messageId, patience, deps);
  if (view === undefined) return refuse({ code: "INTERNAL_ERROR", messageId });
  const answer = { ...outcome(view, request), messageId };
  if (!isError(answer) || request.client.gone.aborted) return answer;
  const told = { version: view.message.version, now: deps.now() };
  const digest = claim === undefined ? {} : { digest: claim.digest };
  const closed = await deps.ledger.closeMessage(messageId, { ...told, ...digest });
  if (closed.kind === "closed") return answer;
  const now = await deps.ledger.viewMessage(messageId, deps.now());
  const { message } = now ?? view;
  return { ...json(202, renderAccepted(message), appliedOf(request.prefer)), messageId };
}

function hasOutcome({ message }: MessageView): boolean {
  return isSettled(message.status);
}

/**
 * An error says that the message will never arrive. So one that may have left, or whose code is never an HTTP answer, is told
 * as what it is: an accepted message with its status.
 */
function outcome(view: MessageView, request: AnswerRequest): Extract<Answer, { kind: "answer" }> {
  const { message } = view;
  const applied = appliedOf(request.prefer);
  const code = failureCode(message.status, message.lastError?.code);
  if (waitMs(request.prefer) === 0 || !isSettled(message.status))
    return json(202, renderAccepted(message), applied);
  if (code === undefined) return json(200, renderMessage(view), applied);
  if (message.mayHaveLeft || answerOf("native", code) === undefined)
    return json(202, renderAccepted(message), applied);
  const detail = message.lastError?.code === code ? message.lastError.detail : "";
  const { status, headers, body } = request.render({
    code,
    detail: detail === "" ? catalogRow(code).says : detail,
    messageId: message.id,
  });
  return {
    kind: "answer",
    status,
    headers: { ...headers, ...applied },
    body: JSON.stringify(body),
  };
}

/** The error that a final status stands for; undefined for a message that was sent. */
function failureCode(status: MessageStatus, last: ErrorCode | undefined): ErrorCode | undefined {
  if (status === "failed") return last ?? "SEND_FAILED";
  return ENDINGS[status];
}

const ENDINGS: Readonly<Partial<Record<MessageStatus, ErrorCode>>> = {
  expired: "MESSAGE_EXPIRED",
  canceled: "MESSAGE_CANCELED",
};

export function appliedOf({ respondAsync, waitS }: Preference): Readonly<Record<string, string>> {
  if (respondAsync) return { "Preference-Applied": "respond-async" };
  return waitS === undefined ? {} : { "Preference-Applied": `wait=${waitS}` };
}

/** Stores the answer before it is written; the first one that was stored is the one that everybody gets. */
export async function keepAnswer(
  answer: Answer,
  { digest, messageId }: { readonly digest: string; readonly messageId: MessageId },
  { ledger }: Pick<AnswerDeps, "ledger">,
): Promise<Answer> {
  if (answer.kind === "problem") return answer;
  const { status, headers } = answer;
  const body = answer.body.toString();
  const stored = await ledger.storeAnswer(digest, messageId, { status, headers, body });
  return stored.status === status && stored.body === body ? answer : replay(stored, messageId);
}

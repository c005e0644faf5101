import { randomBytes } from "node:crypto";
import type { Preference, RenderedProblem, SendMessageInput } from "@pombo/contract";
import { answerOf } from "@pombo/contract";
import {
  catalogRow,
  type DeviceId,
  type ErrorCode,
  isDeviceId,
  isSettled,
  type MessageId,
  mintMessageId,
  type MessageStatus,
  recipientKey,
} from "@pombo/domain";
import type { Accepted, Claim, DeviceRecord, MessageView, NewMessage } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import { type Answer, json, refuse } from "./answer.ts";
import { type Caller, maySee } from "./authenticate.ts";
import type { Follow } from "./follow.ts";
import {
  claimOf,
  fingerprintOf,
  type IdempotencyRecords,
  refuseClaim,
  replay,
} from "./idempotency.ts";
import { renderAccepted, renderMessage, renderNew } from "./render-message.ts";
import { isStoreAway } from "./store-away.ts";
import { type MessageReader, waitForMessage } from "./wait-for-message.ts";

export interface AcceptDeps {
  readonly ledger: MessageReader &
    IdempotencyRecords & {
      findDevice(id: DeviceId): Promise<DeviceRecord | undefined>;
      accept(message: NewMessage, claim?: Claim): Promise<Accepted>;
    };
  /** Gives the lane the job of a message that went straight into the window, and wakes its owner. */
  readonly lane: { feed(deviceId: DeviceId, messageId: MessageId, feed: number): Promise<void> };
  readonly follow: Pick<Follow, "message">;
  readonly log: Pick<Log, "error">;
  readonly now: () => number;
}

export interface SendRequest {
  readonly caller: Caller;
  readonly body: SendMessageInput;
  readonly prefer: Preference;
  readonly idempotencyKey?: string;
  readonly gone: AbortSignal;
  /** Ends the wait for the outcome: the client has left, or the process is closing. */
  readonly stop: AbortSignal;
  render(problem: { code: ErrorCode; detail?: string; messageId: MessageId }): RenderedProblem;
}

/**
 * Takes a message: device → claim → accept → feed → wait → answer. From the acceptance on it belongs to the ledger,
 * and nothing that goes wrong here may be told as if it had not been accepted.
 */
export async function acceptMessage(request: SendRequest, deps: AcceptDeps): Promise<Answer> {
  const { caller, body } = request;
  const deviceId = body.from;
  if (!isDeviceId(deviceId) || !maySee(caller, deviceId)) return refuse(noDevice);
  if ((await deps.ledger.findDevice(deviceId)) === undefined) return refuse(noDevice);

  const claim = await claimMessage(request, deps);
  if (claim.kind === "answer") return claim.answer;
  if (claim.kind === "joined") return finish(claim, request, deps);
  const message = newMessage(request, { id: claim.messageId, deviceId, at: deps.now() });
  const accepted = await deps.ledger.accept(message, claim.claim);
  if (accepted.kind === "no-device") return refuse(noDevice);
  if (accepted.kind === "claim-lost") return refuse({ code: "IDEMPOTENCY_KEY_IN_PROGRESS" });
  if (accepted.feed !== undefined)
    await feedLane({ deviceId, messageId: message.id, feed: accepted.feed }, deps);
  return finish({ ...claim, message }, request, deps);
}

const noDevice = { code: "DEVICE_NOT_FOUND" } as const;

/** Adds the job of a message that is in the window. Without it the owner's repair adds it: the message is accepted either way. */
async function feedLane(
  job: { readonly deviceId: DeviceId; readonly messageId: MessageId; readonly feed: number },
  { lane, log }: Pick<AcceptDeps, "lane" | "log">,
): Promise<void> {
  try {
    await lane.feed(job.deviceId, job.messageId, job.feed);
  } catch (error) {
    log.error("lane.not_fed", { device_id: job.deviceId, message_id: job.messageId, error });
  }
}

interface AcceptedMessage {
  readonly messageId: MessageId;
  readonly claim?: Claim;
  /** Absent when another request had it accepted. */
  readonly message?: NewMessage;
}

/** Waits, answers, and stores the answer before it is written. A client that has left gets none, so that its retry joins the wait. */
async function finish(
  accepted: AcceptedMessage,
  request: SendRequest,
  deps: AcceptDeps,
): Promise<Answer> {
  const { messageId, claim, message } = accepted;
  try {
    const answer = await answerWithOutcome(request, messageId, deps);
    return claim === undefined || request.gone.aborted
      ? answer
      : await keepAnswer(answer, { digest: claim.digest, messageId }, deps);
  } catch (error) {
    if (message === undefined) throw error;
    if (!isStoreAway(error)) deps.log.error("message.not_shown", { message_id: messageId, error });
    return { ...json(202, renderNew(message), appliedOf(request.prefer)), messageId };
  }
}

type ClaimedMessage =
  | { readonly kind: "new" | "joined"; readonly messageId: MessageId; readonly claim?: Claim }
  | { readonly kind: "answer"; readonly answer: Answer };

/** Settles under which id the message is accepted, or what became of the request that had the key before. */
async function claimMessage(request: SendRequest, deps: AcceptDeps): Promise<ClaimedMessage> {
  const minted = mintMessageId(randomBytes(9));
  if (request.idempotencyKey === undefined) return { kind: "new", messageId: minted };
  const claim = claimOf(request.caller.keyId, "sendMessage", request.idempotencyKey);
  const claimed = await deps.ledger.claim(claim, {
    fingerprint: fingerprintOf(request.body),
    messageId: minted,
    now: deps.now(),
  });
  if (claimed.kind === "claimed") return { kind: "new", messageId: claimed.messageId, claim };
  if (claimed.kind !== "accepted")
    return { kind: "answer", answer: refuseClaim(claimed) ?? refuse({ code: "INTERNAL_ERROR" }) };
  const { answer, messageId } = claimed;
  if (answer !== undefined) return { kind: "answer", answer: replay(answer, messageId) };
  return { kind: "joined", messageId, claim };
}

function newMessage(
  { caller, body }: SendRequest,
  { id, deviceId, at }: Pick<NewMessage, "id" | "deviceId" | "at">,
): NewMessage {
  return {
    id,
    deviceId,
    recipient: recipientKey(body.to),
    content: { text: body.text },
    priority: body.priority ?? "normal",
    keyId: caller.keyId,
    at,
    ...(body.client_ref === undefined ? {} : { clientRef: body.client_ref }),
    ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
  };
}

/** Waits as long as `Prefer` asks, then answers by the status. */
async function answerWithOutcome(
  request: SendRequest,
  messageId: MessageId,
  deps: AcceptDeps,
): Promise<Answer> {
  const { prefer, stop } = request;
  const ms = prefer.respondAsync ? 0 : (prefer.waitS ?? 0) * 1_000;
  const view = await waitForMessage(messageId, { ms, signal: stop, done: hasOutcome }, deps);
  if (view === undefined) return refuse({ code: "INTERNAL_ERROR", messageId });
  return { ...outcome(view, request), messageId };
}

function hasOutcome({ message }: MessageView): boolean {
  return isSettled(message.status);
}

function outcome(view: MessageView, request: SendRequest): Extract<Answer, { kind: "answer" }> {
  const { message } = view;
  const applied = appliedOf(request.prefer);
  const code = failureCode(message.status, message.lastError?.code);
  if (request.prefer.respondAsync || !isSettled(message.status) || (code && !isAnswer(code)))
    return json(202, renderAccepted(message), applied);
  if (code === undefined) return json(200, renderMessage(view), applied);
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

/** A code that is never an HTTP answer here is told as the status of an accepted message. */
function isAnswer(code: ErrorCode): boolean {
  return answerOf("native", code) !== undefined;
}

function appliedOf({ respondAsync, waitS }: Preference): Readonly<Record<string, string>> {
  if (respondAsync) return { "Preference-Applied": "respond-async" };
  return waitS === undefined ? {} : { "Preference-Applied": `wait=${waitS}` };
}

/** Stores the answer before it is written; the first one that was stored is the one that everybody gets. */
async function keepAnswer(
  answer: Answer,
  { digest, messageId }: { readonly digest: string; readonly messageId: MessageId },
  { ledger }: Pick<AcceptDeps, "ledger">,
): Promise<Answer> {
  if (answer.kind === "problem") return answer;
  const { status, headers } = answer;
  const body = answer.body.toString();
  const stored = await ledger.storeAnswer(digest, messageId, { status, headers, body });
  return stored.status === status && stored.body === body ? answer : replay(stored, messageId);
}

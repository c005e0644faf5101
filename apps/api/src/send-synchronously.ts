import { answerOf, type Problem } from "@pombo/contract";
import {
  catalogRow,
  type DeviceId,
  type Dialect,
  type ErrorCode,
  isDeviceId,
  isSettled,
  type MessageId,
  type MessageStatus,
  type Standstill,
} from "@pombo/domain";
import type { Claim, Ledger, MessageRecord, NewMessage, Standing } from "@pombo/ledger";
import {
  type AcceptDeps,
  acceptMessage,
  type Answering,
  insist,
  keyClaim,
  type SendRequest,
  type TakeRequest,
} from "./accept-message.ts";
import { type Answer, refuse } from "./answer.ts";
import { type AcceptedMessage, appliedOf, keepAnswer } from "./answer-message.ts";
import { maySee } from "./authenticate.ts";
import { awaitChange } from "./await-change.ts";
import type { Follow } from "./follow.ts";
import { isStoreAway } from "./store-away.ts";

export interface SyncDeps extends AcceptDeps {
  readonly ledger: AcceptDeps["ledger"] & Pick<Ledger, "viewStanding" | "viewStandstill">;
  readonly follow: AcceptDeps["follow"] & Pick<Follow, "deviceState">;
}

export type Presented = Extract<Answer, { kind: "answer" }>;

/** What the client is told of its message: acknowledged, or how far it came. */
export interface Told {
  readonly messageId: MessageId;
  readonly deviceId: DeviceId;
  readonly recipient: string;
  readonly status: MessageStatus;
  readonly createdAt: number;
  /** When WhatsApp acknowledged it. */
  readonly sentAt?: number;
}

/** A request whose client waits for the outcome. */
export interface Waiting extends Pick<TakeRequest, "client" | "prefer"> {
  readonly deviceId: DeviceId;
  readonly dialect: Dialect;
  /** The success of the dialect. */
  present(told: Told): Presented;
}

export interface SyncRequest extends SendRequest, Omit<Waiting, "deviceId"> {
  readonly route: string;
}

/**
 * Sends as the older APIs do: refuses when nothing can leave for now, enqueues like everyone else, waits for the ack. An error is
 * final: whatever is answered after the acceptance went through the ledger's script that closes the message. Where that can't be had,
 * the answer is what the message is.
 */
export async function sendSynchronously(request: SyncRequest, deps: SyncDeps): Promise<Answer> {
  const deviceId = request.body.from;
  if (!isDeviceId(deviceId) || !maySee(request.caller, deviceId))
    return refuse({ code: "DEVICE_NOT_FOUND" });
  const waiting = { ...request, deviceId };
  const refused = await refuseAtOnce(request, waiting, deps);
  if (refused !== undefined) return refused;
  return acceptMessage({ ...request, answering: synchronously(waiting, deps) }, deps);
}

/** How a message is answered whose client waits for the outcome. */
export function synchronously(waiting: Waiting, deps: SyncDeps): Answering {
  const ms = waitMs(waiting, deps);
  return {
    ...(ms === 0 ? {} : { syncUntil: deps.now() + ms }),
    atOnce: (message) => (ms === 0 ? present(unread(message), waiting) : undefined),
    answer: (accepted) => tell(accepted, { request: waiting, ms }, deps),
  };
}

/** `Prefer: respond-async` and `wait=0` turn waiting off. */
function waitMs({ prefer }: Pick<Waiting, "prefer">, { settings }: SyncDeps): number {
  if (prefer.respondAsync) return 0;
  return prefer.waitS === undefined ? settings.sync_wait_ms : prefer.waitS * 1_000;
}

/** Nothing could leave: the client is told before anything is written. A repeat of what was accepted joins it all the same. */
export async function refuseAtOnce(
  request: TakeRequest,
  waiting: Waiting,
  deps: SyncDeps,
): Promise<Answer | undefined> {
  if (waitMs(waiting, deps) === 0) return undefined;
  const now = deps.now();
  const still = await deps.ledger.viewStandstill(waiting.deviceId, now);
  if (still === undefined) return undefined;
  const claim = keyClaim(request);
  if (claim !== undefined && (await deps.ledger.hasAccepted(claim.digest))) return undefined;
  return refuse(problemOf(still, now));
}

/** What a client is told of a lane that stands still. */
export function problemOf({ code, detail, until }: Standstill, now: number): Problem {
  return {
    code,
    ...(detail === undefined ? {} : { detail }),
    ...(until === undefined ? {} : { retryAfterMs: until - now }),
  };
}

interface Wait {
  readonly request: Waiting;
  readonly ms: number;
}

/** Waits, answers, and stores a success before it is written. A store that is away can't take an acceptance back. */
async function tell(accepted: AcceptedMessage, wait: Wait, deps: SyncDeps): Promise<Answer> {
  const { messageId, claim, message } = accepted;
  const { request } = wait;
  if (wait.ms === 0 && claim === undefined && message !== undefined)
    return present(unread(message), request);
  try {
    const answer = await awaitOutcome(accepted, wait, deps);
    if (claim === undefined || request.client.gone.aborted || answer.kind === "problem")
      return answer;
    return await keepAnswer(answer, { digest: claim.digest, messageId }, deps);
  } catch (error) {
    if (message === undefined) throw error;
    if (!isStoreAway(error)) deps.log.error("message.not_shown", { message_id: messageId, error });
    return present(unread(message), request);
  }
}

function present(told: Told, request: Waiting): Presented {
  const { headers, ...answer } = request.present(told);
  const { messageId } = told;
  return { ...answer, headers: { ...headers, ...appliedOf(request.prefer) }, messageId };
}

/** What is known without reading the message back. */
function unread({ id, deviceId, recipient, at }: NewMessage): Told {
  return { messageId: id, deviceId, recipient, status: "queued", createdAt: at };
}

async function awaitOutcome(
  { messageId, claim }: AcceptedMessage,
  { request, ms }: Wait,
  deps: SyncDeps,
): Promise<Answer> {
  const deadline = performance.now() + ms;
  let mine = true;
  for (;;) {
    const stuck = ({ message, standstill }: Standing): boolean =>
      mine && standstill !== undefined && (message.syncUntil ?? 0) > deps.now();
    // oxlint-disable-next-line no-await-in-loop -- each look comes after the one before
    const seen = await look(messageId, { request, ms: deadline - performance.now(), stuck }, deps);
    if (seen === undefined) return refuse({ code: "INTERNAL_ERROR", messageId });
    const { message, standstill } = seen;
    if (standstill === undefined || request.client.stop.aborted || !stuck(seen))
      // oxlint-disable-next-line no-await-in-loop -- ends the loop
      return answerEnd(seen, { request, claim }, deps);
    const told = { now: deps.now(), code: standstill.code, ...(claim ? { claim } : {}) };
    // oxlint-disable-next-line no-await-in-loop
    const withdrawn = await insist(() => deps.ledger.withdraw(message.id, told));
    if (withdrawn.kind === "closed") return refuse(problemOf(standstill, told.now));
    // It has moved on, or it is another request's to take back.
    if (withdrawn.kind === "claim-lost" || withdrawn.status === "queued") mine = false;
  }
}

/** Looks until the message has an outcome or stands still, the time is up, or the wait is ended. */
function look(
  id: MessageId,
  {
    request,
    ms,
    stuck,
  }: {
    readonly request: Waiting;
    readonly ms: number;
    readonly stuck: (seen: Standing) => boolean;
  },
  { ledger, follow, now }: SyncDeps,
): Promise<Standing | undefined> {
  const { deviceId } = request;
  return awaitChange(
    {
      subscribe(ring) {
        const stops = [follow.message(id, ring), follow.deviceState(deviceId, ring)];
        return () => stops.forEach((stop) => stop());
      },
      listening: () => follow.listening(),
      read: () => ledger.viewStanding(id, deviceId, now()),
    },
    {
      ms,
      signal: request.client.stop,
      done: (seen) => seen === undefined || isSettled(seen.message.status) || stuck(seen),
    },
  );
}

/** Answers by the status. A client that has left gets no error, so that its message stays a letter. */
async function answerEnd(
  { message, rest }: Standing,
  { request, claim }: { readonly request: Waiting; readonly claim: Claim | undefined },
  deps: SyncDeps,
): Promise<Answer> {
  const told = present(toldOf(message), request);
  const failure = failureOf(message);
  if (failure === undefined || request.client.gone.aborted) return told;
  if (message.mayHaveLeft || answerOf(request.dialect, failure.code) === undefined) return told;
  const digest = claim === undefined ? {} : { digest: claim.digest };
  const at = { version: message.version, now: deps.now(), ...digest };
  const closed = await insist(() => deps.ledger.closeMessage(message.id, at));
  if (closed.kind === "refused") return told;
  const until = restOf(failure.code, rest);
  return refuse(until > at.now ? { ...failure, retryAfterMs: until - at.now } : failure);
}

/** When a new try is of use, where the remedy of the code names a rest of the lane. */
function restOf(code: ErrorCode, rest: Standing["rest"]): number {
  const { kind } = catalogRow(code).remedy;
  return kind === "throttle" || kind === "hold" ? rest[kind] : 0;
}

/** The error that a final status stands for; undefined for a message that was sent or is on its way. */
function failureOf({ status, lastError }: MessageRecord): Problem | undefined {
  const ending = ENDINGS[status];
  if (ending === undefined) return undefined;
  const { code = ending, detail = "" } = lastError ?? {};
  return detail === "" ? { code } : { code, detail };
}

const ENDINGS: Readonly<Partial<Record<MessageStatus, ErrorCode>>> = {
  failed: "SEND_FAILED",
  expired: "MESSAGE_EXPIRED",
  canceled: "MESSAGE_CANCELED",
};

function toldOf(message: MessageRecord): Told {
  const acked = message.timeline.find(({ status }) => PROOFS.has(status));
  const { id: messageId, deviceId, recipient, status, createdAt } = message;
  const told = { messageId, deviceId, recipient, status, createdAt };
  return acked === undefined ? told : { ...told, sentAt: acked.at };
}

const PROOFS: ReadonlySet<MessageStatus> = new Set(["sent", "delivered", "read", "played"]);

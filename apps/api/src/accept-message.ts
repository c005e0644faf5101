import { setTimeout as pause } from "node:timers/promises";
import {
  type CheckedTimes,
  checkTimes,
  type Problem,
  type SendMessageInput,
} from "@pombo/contract";
import {
  type MediaId,
  mintMessageId,
  type QuietHours,
  recipientKey,
  type Settings,
} from "@pombo/domain";
import type { AcceptClaim, Accepted, Claim, Ledger, NewMessage } from "@pombo/ledger";
import type { Admission } from "./admission.ts";
import { type Answer, instant, refuse } from "./answer.ts";
import {
  type AcceptedMessage,
  type AnswerDeps,
  answerMessage,
  type AnswerRequest,
  answerUnread,
  waitMs,
} from "./answer-message.ts";
import type { Caller } from "./authenticate.ts";
import { chooseSender, findSender, type SenderDeps } from "./choose-sender.ts";
import { bringsFile, contentOf } from "./content-of.ts";
import { feedLane, type FeedPort } from "./feed-lane.ts";
import type { Reach } from "./fault-point.ts";
import {
  claimOf,
  fingerprintOf,
  type IdempotencyRecords,
  refuseClaim,
  replay,
} from "./idempotency.ts";
import type { KeyCheck } from "./know-caller.ts";
import { randomBytes } from "./random-bytes.ts";
import { dropBrought, type StageDeps } from "./stage-media.ts";
import { isStoreAway, mayHaveRun } from "./store-away.ts";

export interface AcceptDeps extends AnswerDeps {
  readonly settings: Settings;
  readonly ledger: AnswerDeps["ledger"] &
    StageDeps["ledger"] &
    SenderDeps["ledger"] &
    IdempotencyRecords &
    Pick<
      Ledger,
      "accept" | "findDevice" | "findMessage" | "findReceived" | "hasAccepted" | "withdraw"
    >;
  readonly admission: Admission;
  /** Where the bytes of media are kept. */
  readonly media: StageDeps["media"];
  readonly reach: Reach;
  /** Gives the lane the job of a message that went straight into the window, and wakes its owner. */
  readonly lane: FeedPort;
}

/** A request that has a message accepted. */
export interface TakeRequest extends AnswerRequest {
  readonly caller: Caller;
  /** What the request asks for: another one under the same key is refused. */
  readonly body: unknown;
  readonly idempotencyKey?: string;
  /** The scope of the key, beside the API key. */
  readonly route?: string;
  /** Media that was kept for this very message. */
  readonly brought?: MediaId;
  /** A claim that was made before the acceptance. */
  readonly claim?: Claim;
  /** The API key is looked up with the acceptance. */
  readonly keyCheck?: KeyCheck | undefined;
  /** As `POST /v1/messages` does when absent. */
  readonly answering?: Answering;
}

/** How an accepted message is answered. */
export interface Answering {
  /** The client waits for the outcome until then, ms since the epoch. */
  readonly syncUntil?: number;
  /** The answer when nobody waits, kept with the acceptance; undefined when the client waits. */
  readonly atOnce: (message: NewMessage) => Extract<Answer, { kind: "answer" }> | undefined;
  answer(accepted: AcceptedMessage): Promise<Answer>;
}

/** Waits as long as `Prefer` asks. */
function natively(request: TakeRequest, deps: AcceptDeps): Answering {
  return {
    atOnce: (message) => (waitMs(request.prefer) > 0 ? undefined : answerUnread(message, request)),
    answer: (accepted) => answerMessage(accepted, request, deps),
  };
}

export interface SendRequest extends TakeRequest {
  readonly body: SendMessageInput;
}

/**
 * Takes a message: sender → room → times → content → accept → feed → wait → answer. From the acceptance on it belongs to the ledger,
 * and nothing that goes wrong here may be told as if it had not been accepted.
 */
export async function acceptMessage(request: SendRequest, deps: AcceptDeps): Promise<Answer> {
  deps.reach("asked");
  const { caller, body } = request;
  const sender = await findSender(body, caller, deps);
  if (sender.kind === "absent") return refuse(noDevice);
  const times = checkTimes(body, deps.now());
  const wrong =
    (await deps.admission.refuse("intake")) ??
    (times.kind === "refused" ? wrongTimes(times, body) : undefined);
  if (wrong !== undefined || times.kind === "refused")
    return answerEarlier(request, wrong ?? noDevice, deps);
  const goesAt = times.sendAt ?? deps.now();
  const chosen = sender.kind === "pool" ? await chooseSender(sender.pool, body, deps) : sender;
  if (chosen.kind === "refused") return answerEarlier(request, chosen.problem, deps);
  const { kind: _, ...from } = chosen;
  const { deviceId } = from;
  // No file is kept for a key that does not hold any more: it is looked up here, and not again with the acceptance.
  const early = bringsFile(body);
  const unknown = early ? await request.keyCheck?.settle() : undefined;
  if (unknown !== undefined) return refuse(unknown);
  const read = await contentOf({ body, deviceId, caller, goesAt }, deps);
  if (read.kind === "refused") return answerEarlier(request, read.problem, deps);
  const id = mintMessageId(randomBytes(9));
  const { content, brought } = read;
  if (brought !== undefined) deps.reach("media_kept");
  const given = newMessage(request, { id, ...from, at: deps.now(), times, content });
  if (!early) return takeMessage(request, given, deps);
  const ofFile = brought === undefined ? {} : { brought };
  return takeMessage({ ...request, keyCheck: undefined, ...ofFile }, given, deps);
}

/** The way of a message that may be accepted: accept → feed → wait → answer. */
export async function takeMessage(
  request: TakeRequest,
  bare: NewMessage,
  deps: AcceptDeps,
): Promise<Answer> {
  const answering = request.answering ?? natively(request, deps);
  const { id, deviceId } = bare;
  const { syncUntil } = answering;
  const requested = { ...bare, requestId: request.client.id };
  const given = syncUntil === undefined ? requested : { ...requested, syncUntil };
  const claim = acceptClaim(request, given, answering);
  let accepted = await acceptOrWithdraw(given, { claim, keyCheck: request.keyCheck }, deps);
  if (accepted.kind === "unadmitted") {
    const refused = await request.keyCheck?.settle();
    if (refused !== undefined) return refuse(refused);
    accepted = await acceptOrWithdraw(given, { claim }, deps);
  }
  if (accepted.kind !== "accepted") await dropBrought(request.brought, deps);
  if (accepted.kind === "joined") return answerJoined(accepted, claim, { request, deps });
  if (accepted.kind !== "accepted") return refuse(notAccepted(accepted));
  const { messageId, feed } = accepted;
  deps.reach("accepted");
  if (feed !== undefined) await feedLane({ deviceId, messageId, feed }, deps);
  deps.reach("lane_added");
  const message = messageId === id ? given : { ...given, id: messageId };
  const known = claim?.answer !== undefined && messageId === id;
  const answer =
    (known ? answering.atOnce(message) : undefined) ??
    (await answering.answer({ messageId, message, ...claimed(claim) }));
  deps.reach("answered");
  return answer;
}

/** An earlier request under the same key was accepted: whatever stands in the way of a new message, that one is answered. */
export async function answerEarlier(
  request: TakeRequest,
  refused: Problem,
  deps: AcceptDeps,
): Promise<Answer> {
  const { body } = request;
  const claim = keyClaim(request);
  if (claim === undefined) return refuse(refused);
  if (!(await deps.ledger.hasAccepted(claim.digest))) return refuse(refused);
  const fingerprint = fingerprintOf(body);
  const messageId = mintMessageId(randomBytes(9));
  const found = await deps.ledger.claim(claim, { fingerprint, messageId, now: deps.now() });
  if (found.kind !== "accepted") return refuseClaim(found) ?? refuse(refused);
  return answerJoined(found, claim, { request, deps });
}

/** The first answer again, or the wait of the request that is still open. */
function answerJoined(
  { messageId, answer }: Pick<Extract<Accepted, { kind: "joined" }>, "messageId" | "answer">,
  claim: Claim | undefined,
  { request, deps }: { readonly request: TakeRequest; readonly deps: AcceptDeps },
): Answer | Promise<Answer> {
  if (answer !== undefined) return replay(answer, messageId);
  const answering = request.answering ?? natively(request, deps);
  return answering.answer({ messageId, ...claimed(claim) });
}

function claimed(claim: Claim | undefined): { readonly claim?: Claim } {
  return claim === undefined ? {} : { claim };
}

/** The claim of a request; whoever doesn't wait is answered by what is known now, which is kept with the acceptance. */
function acceptClaim(
  request: TakeRequest,
  message: NewMessage,
  { atOnce }: Answering,
): AcceptClaim | undefined {
  const mine = request.claim ?? keyClaim(request);
  if (mine === undefined) return undefined;
  const claim = { ...mine, fingerprint: fingerprintOf(request.body) };
  const known = atOnce(message);
  if (known === undefined) return claim;
  const { status, headers, body } = known;
  return { ...claim, answer: { status, headers, body: body.toString() } };
}

/** The claim that the request's key gives a right to. */
export function keyClaim({
  idempotencyKey,
  caller,
  route = ROUTE,
}: TakeRequest): Claim | undefined {
  return idempotencyKey === undefined ? undefined : claimOf(caller.keyId, route, idempotencyKey);
}

/** Why a message was not taken. */
export function notAccepted(accepted: Exclude<Accepted, { kind: "accepted" | "joined" }>): Problem {
  switch (accepted.kind) {
    case "no-device":
      return noDevice;
    case "suppressed":
      return { code: "RECIPIENT_SUPPRESSED" };
    case "unadmitted":
      return { code: "INVALID_API_KEY" };
    case "over-rate":
      return { code: "RATE_LIMITED", retryAfterMs: accepted.retryAfterMs };
    case "reused":
      return { code: "IDEMPOTENCY_KEY_REUSED" };
    case "in-progress":
      return { code: "IDEMPOTENCY_KEY_IN_PROGRESS", retryAfterMs: accepted.retryAfterMs };
    case "full":
      return {
        code: "SERVICE_UNAVAILABLE",
        detail: "Too many messages wait for this device",
        retryAfterMs: accepted.retryAfterMs,
      };
  }
}

type RefusedTimes = Extract<CheckedTimes, { kind: "refused" }>;

function wrongTimes({ field, message }: RefusedTimes, body: SendMessageInput): Problem {
  const given = body[field];
  const value = field === "ttl_s" || given === undefined ? given : instant(given);
  return { code: "VALIDATION_ERROR", validation: [{ field, message, value }] };
}

interface Accepting {
  readonly claim: AcceptClaim | undefined;
  readonly keyCheck?: KeyCheck | undefined;
}

/**
 * An acceptance whose reply is lost may have happened, or happen yet. Before that is answered as an error the message is taken back;
 * when it is under way already, it counts as accepted.
 */
async function acceptOrWithdraw(
  message: NewMessage,
  { claim, keyCheck }: Accepting,
  { ledger, now, log }: AcceptDeps,
): Promise<Accepted> {
  try {
    return await ledger.accept(message, claim, keyCheck);
  } catch (error) {
    if (!mayHaveRun(error)) throw error;
    log.error("acceptance.unanswered", { message_id: message.id, error });
    const mine = claim === undefined ? {} : { claim };
    const withdrawn = await insist(() => ledger.withdraw(message.id, { ...mine, now: now() }));
    if (withdrawn.kind === "closed") throw error;
    // It was accepted, so its key held.
    if (withdrawn.kind === "refused") keyCheck?.passed();
    return withdrawn.kind === "refused"
      ? { kind: "accepted", messageId: withdrawn.messageId }
      : { kind: "in-progress", retryAfterMs: CLAIM_LOST_RETRY_MS };
  }
}

const WITHDRAW_TRIES = 10;
const WITHDRAW_PAUSE_MS = 300;

/** Tries again while the store is away. Gives up with its error: the caller's retry under the same key then joins the message. */
export async function insist<Value>(attempt: () => Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      return await attempt();
    } catch (error) {
      if (!isStoreAway(error) || tries === WITHDRAW_TRIES) throw error;
    }
    // oxlint-disable-next-line no-await-in-loop
    await pause(WITHDRAW_PAUSE_MS);
  }
}

/** Another request has resumed the claim and will soon be through. */
const CLAIM_LOST_RETRY_MS = 1_000;

const ROUTE = "sendMessage";

const noDevice = { code: "DEVICE_NOT_FOUND" } as const;

function newMessage(
  { caller, body }: SendRequest,
  {
    times,
    ...given
  }: Pick<NewMessage, "id" | "deviceId" | "pooled" | "at" | "content"> & {
    readonly times: Pick<NewMessage, "sendAt" | "expiresAt">;
  },
): NewMessage {
  const { sendAt, expiresAt } = times;
  const quiet = body.quiet_hours;
  return {
    ...given,
    recipient: recipientKey(body.to),
    priority: body.priority ?? "normal",
    keyId: caller.keyId,
    ...(sendAt === undefined ? {} : { sendAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(quiet === undefined ? {} : { quietHours: quietHoursOf(quiet) }),
    ...(body.client_ref === undefined ? {} : { clientRef: body.client_ref }),
    ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
  };
}

function quietHoursOf({
  from,
  to,
  timezone,
}: NonNullable<SendMessageInput["quiet_hours"]>): QuietHours {
  return timezone === undefined ? { from, to } : { from, to, timezone };
}

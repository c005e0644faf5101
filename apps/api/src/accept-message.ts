import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type CheckedTimes,
  checkTimes,
  type Problem,
  type SendMessageInput,
} from "@pombo/contract";
import {
  isDeviceId,
  type MessageId,
  mintMessageId,
  type QuietHours,
  recipientKey,
} from "@pombo/domain";
import type { Accepted, Claim, Ledger, NewMessage } from "@pombo/ledger";
import type { Admission } from "./admission.ts";
import { type Answer, instant, refuse } from "./answer.ts";
import { type AnswerDeps, answerMessage, type AnswerRequest } from "./answer-message.ts";
import { type Caller, maySee } from "./authenticate.ts";
import { contentOf } from "./content-of.ts";
import { feedLane, type FeedPort } from "./feed-lane.ts";
import type { Reach } from "./fault-point.ts";
import {
  claimOf,
  fingerprintOf,
  type IdempotencyRecords,
  refuseClaim,
  replay,
} from "./idempotency.ts";
import { isStoreAway, mayHaveRun } from "./store-away.ts";

export interface AcceptDeps extends AnswerDeps {
  readonly ledger: AnswerDeps["ledger"] &
    IdempotencyRecords &
    Pick<Ledger, "accept" | "findDevice" | "findMessage" | "hasAccepted" | "withdraw">;
  readonly admission: Admission;
  readonly reach: Reach;
  /** Gives the lane the job of a message that went straight into the window, and wakes its owner. */
  readonly lane: FeedPort;
}

export interface SendRequest extends AnswerRequest {
  readonly caller: Caller;
  readonly body: SendMessageInput;
  readonly idempotencyKey?: string;
}

/**
 * Takes a message: device → room → times → content → claim → accept → feed → wait → answer. From the acceptance on it belongs to the ledger,
 * and nothing that goes wrong here may be told as if it had not been accepted.
 */
export async function acceptMessage(request: SendRequest, deps: AcceptDeps): Promise<Answer> {
  const { caller, body } = request;
  const deviceId = body.from;
  if (!isDeviceId(deviceId) || !maySee(caller, deviceId)) return refuse(noDevice);
  const noRoom = await deps.admission.refuse("intake");
  if (noRoom !== undefined && !(await wasAccepted(request, deps))) return refuse(noRoom);
  const times = checkTimes(body, deps.now());
  const read = await contentOf({ body, deviceId }, deps);
  const wrong = times.kind === "refused" ? wrongTimes(times, body) : undefined;
  const problem = wrong ?? (read.kind === "refused" ? read.problem : undefined);
  const claim = await claimUnless(problem, request, deps);
  if (claim.kind === "answer") return claim.answer;
  if (claim.kind === "joined") return answerMessage(claim, request, deps);
  if (times.kind === "refused" || read.kind === "refused")
    return refuse(problem ?? { code: "INTERNAL_ERROR" });
  deps.reach("claimed");
  const { content } = read;
  const given = { id: claim.messageId, deviceId, at: deps.now(), content, times };
  const message = newMessage(request, given);
  const accepted = await acceptOrWithdraw(message, claim.claim, deps);
  if (accepted.kind !== "accepted") return refuse(notAccepted(accepted));
  deps.reach("accepted");
  if (accepted.feed !== undefined)
    await feedLane({ deviceId, messageId: message.id, feed: accepted.feed }, deps);
  deps.reach("lane_added");
  const answer = await answerMessage({ ...claim, message }, request, deps);
  deps.reach("answered");
  return answer;
}

/** Why a message was not taken. */
export function notAccepted(accepted: Exclude<Accepted, { kind: "accepted" }>): Problem {
  switch (accepted.kind) {
    case "no-device":
      return noDevice;
    case "claim-lost":
      return { code: "IDEMPOTENCY_KEY_IN_PROGRESS", retryAfterMs: CLAIM_LOST_RETRY_MS };
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

/** What is wrong by now (a time, a quoted message) was right when the first request came: it is replayed. Without one, nothing is claimed. */
async function claimUnless(
  problem: Problem | undefined,
  request: SendRequest,
  deps: AcceptDeps,
): Promise<ClaimedMessage> {
  if (problem === undefined) return claimMessage(request, deps);
  return (await wasAccepted(request, deps))
    ? claimMessage(request, deps)
    : { kind: "answer", answer: refuse(problem) };
}

/** An earlier request under the same key was accepted: whatever stands in the way of a new message, that one is answered. */
async function wasAccepted(
  { idempotencyKey, caller }: SendRequest,
  deps: AcceptDeps,
): Promise<boolean> {
  if (idempotencyKey === undefined) return false;
  return deps.ledger.hasAccepted(claimOf(caller.keyId, ROUTE, idempotencyKey).digest);
}

/**
 * An acceptance whose reply is lost may have happened, or happen yet. Before that is answered as an error the message is taken back;
 * when it is under way already, it counts as accepted.
 */
async function acceptOrWithdraw(
  message: NewMessage,
  claim: Claim | undefined,
  { ledger, now, log }: AcceptDeps,
): Promise<Accepted> {
  try {
    return await ledger.accept(message, claim);
  } catch (error) {
    if (!mayHaveRun(error)) throw error;
    log.error("acceptance.unanswered", { message_id: message.id, error });
    const mine = claim === undefined ? {} : { claim };
    const withdrawn = await insist(() => ledger.withdraw(message.id, { ...mine, now: now() }));
    if (withdrawn.kind === "closed") throw error;
    return { kind: withdrawn.kind === "refused" ? "accepted" : "claim-lost" };
  }
}

const WITHDRAW_TRIES = 10;
const WITHDRAW_PAUSE_MS = 300;

/** Tries again while the store is away. Gives up with its error: the caller's retry under the same key then joins the message. */
async function insist<Value>(attempt: () => Promise<Value>): Promise<Value> {
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

type ClaimedMessage =
  | { readonly kind: "new" | "joined"; readonly messageId: MessageId; readonly claim?: Claim }
  | { readonly kind: "answer"; readonly answer: Answer };

/** Settles under which id the message is accepted, or what became of the request that had the key before. */
async function claimMessage(request: SendRequest, deps: AcceptDeps): Promise<ClaimedMessage> {
  const minted = mintMessageId(randomBytes(9));
  if (request.idempotencyKey === undefined) return { kind: "new", messageId: minted };
  const claim = claimOf(request.caller.keyId, ROUTE, request.idempotencyKey);
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
  {
    times,
    ...given
  }: Pick<NewMessage, "id" | "deviceId" | "at" | "content"> & {
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

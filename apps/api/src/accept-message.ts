import { randomBytes } from "node:crypto";
import type { SendMessageInput } from "@pombo/contract";
import {
  type DeviceId,
  isDeviceId,
  type MessageId,
  mintMessageId,
  recipientKey,
} from "@pombo/domain";
import type { Accepted, Claim, DeviceRecord, NewMessage } from "@pombo/ledger";
import { type Answer, refuse } from "./answer.ts";
import { type AnswerDeps, answerMessage, type AnswerRequest } from "./answer-message.ts";
import { type Caller, maySee } from "./authenticate.ts";
import {
  claimOf,
  fingerprintOf,
  type IdempotencyRecords,
  refuseClaim,
  replay,
} from "./idempotency.ts";

export interface AcceptDeps extends AnswerDeps {
  readonly ledger: AnswerDeps["ledger"] &
    IdempotencyRecords & {
      findDevice(id: DeviceId): Promise<DeviceRecord | undefined>;
      accept(message: NewMessage, claim?: Claim): Promise<Accepted>;
    };
  /** Gives the lane the job of a message that went straight into the window, and wakes its owner. */
  readonly lane: { feed(deviceId: DeviceId, messageId: MessageId, feed: number): Promise<void> };
}

export interface SendRequest extends AnswerRequest {
  readonly caller: Caller;
  readonly body: SendMessageInput;
  readonly idempotencyKey?: string;
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
  if (claim.kind === "joined") return answerMessage(claim, request, deps);
  const message = newMessage(request, { id: claim.messageId, deviceId, at: deps.now() });
  const accepted = await deps.ledger.accept(message, claim.claim);
  if (accepted.kind === "no-device") return refuse(noDevice);
  if (accepted.kind === "claim-lost")
    return refuse({ code: "IDEMPOTENCY_KEY_IN_PROGRESS", retryAfterMs: CLAIM_LOST_RETRY_MS });
  if (accepted.kind === "full")
    return refuse({
      code: "SERVICE_UNAVAILABLE",
      detail: "Too many messages wait for this device",
      retryAfterMs: accepted.retryAfterMs,
    });
  if (accepted.feed !== undefined)
    await feedLane({ deviceId, messageId: message.id, feed: accepted.feed }, deps);
  return answerMessage({ ...claim, message }, request, deps);
}

/** Another request has resumed the claim and will soon be through. */
const CLAIM_LOST_RETRY_MS = 1_000;

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

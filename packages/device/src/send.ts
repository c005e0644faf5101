import { randomBytes } from "node:crypto";
import type { EvidenceStatus, Failure, Settings } from "@pombo/domain";
import {
  areJidsSameUser,
  type BinaryNode,
  isJidGroup,
  isLidUser,
  jidDecode,
  jidNormalizedUser,
  type proto,
  type WASocket,
} from "@whiskeysockets/baileys";
import { GroupError, knowGroup } from "./groups.ts";
import { classifyNack, classifyRejection } from "./classify.ts";
import { type OutgoingContent, stanzaOf, toProto } from "./outgoing-content.ts";
import type { MemoryCache } from "./memory-cache.ts";
import type { Evidence } from "./receipts.ts";

export interface OutgoingMessage {
  readonly id: string;
  readonly jid: string;
  readonly content: OutgoingContent;
}

/**
 * How an attempt ended.
 * `acked`: WhatsApp has it · `failed`: it did not leave, or WhatsApp refused it · `unknown`: it was handed to the socket and nothing
 * came back.
 */
export type SendOutcome =
  | { readonly kind: "acked"; readonly at: number; readonly proof: EvidenceStatus }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "unknown"; readonly failure: Failure };

export interface SenderDeps {
  readonly settings: Settings;
  /** What is known of groups. */
  readonly groups: MemoryCache;
  /** Every ack and every receipt, in the order in which they came. */
  readonly onEvidence: (evidence: Evidence) => void;
  /** May add to a refusal what WhatsApp says about it when asked. */
  readonly explain: (failure: Failure) => Promise<Failure>;
  /** The message has been handed over, and with it Baileys gives our trust token to this recipient. */
  readonly onTokenGiven: (recipient: string) => void;
  /** WhatsApp took a message, and says that it left out devices of this recipient. */
  readonly onStaleList: (jid: string) => void;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/**
 * Sends on one socket and tells what became of it.
 *
 * ```
 *  preparing ──handed over──► left ──ack or receipt──► acked
 *      │                       │ ├────ack with error──► failed
 *      │ rejected, closed,     │ └────no ack in time, closed, given up──► unknown
 *      └─given up──► failed    (Baileys' promise proves nothing: it resolves for messages that nobody ever gets)
 * ```
 */
export interface Sender {
  readonly send: (message: OutgoingMessage, signal: AbortSignal) => Promise<SendOutcome>;
  /** Throws when the attempt was given up: the last moment at which a message can be kept back. */
  readonly handOver: (messageId: string) => void;
  readonly ack: (attrs: BinaryNode["attrs"]) => void;
  readonly receipt: (evidence: Evidence) => void;
  /** The socket is gone. */
  readonly close: () => void;
  /** Resolves when Baileys has finished with every message, its key-store writes included. */
  readonly idle: () => Promise<void>;
}

interface Attempt {
  left: boolean;
  /** WhatsApp has answered; nothing else can end the attempt. */
  answered: boolean;
  ackTimer: NodeJS.Timeout | undefined;
  readonly settle: (outcome: SendOutcome) => void;
}

export function openSender(wa: WASocket, deps: SenderDeps): Sender {
  const attempts = new Map<string, Attempt>();
  /** What Baileys still works on, by message id; a given-up message must not leave from there any more. */
  const inHand = new Map<string, Promise<void>>();
  const givenUp = new Set<string>();
  let closed = false;

  const leave = (attempt: Attempt): void => {
    if (attempt.left) return;
    attempt.left = true;
    attempt.ackTimer = setTimeout(
      () => attempt.settle(unknown("no answer from WhatsApp in time")),
      deps.settings.ack_wait_ms,
    );
  };

  const giveUp = (id: string, attempt: Attempt, why: Failure): void => {
    if (attempt.answered) return;
    if (!attempt.left) givenUp.add(id);
    attempt.settle(attempt.left ? unknown(why.detail) : { kind: "failed", failure: why });
  };

  const relay = async (message: OutgoingMessage, attempt: Attempt): Promise<void> => {
    try {
      await relayMessage(wa, message, deps);
      leave(attempt);
    } catch (error) {
      if (attempt.left)
        deps.log("message.keys_not_stored", { message_id: message.id, error: nameOf(error) });
      else attempt.settle({ kind: "failed", failure: failureOf(error) });
    } finally {
      inHand.delete(message.id);
      givenUp.delete(message.id);
    }
  };

  const send = async (message: OutgoingMessage, signal: AbortSignal): Promise<SendOutcome> => {
    await inHand.get(message.id);
    if (closed) return { kind: "failed", failure: CLOSED };
    if (signal.aborted) return { kind: "failed", failure: GIVEN_UP };
    const { promise, resolve } = Promise.withResolvers<SendOutcome>();
    const attempt: Attempt = { left: false, answered: false, ackTimer: undefined, settle: resolve };
    attempts.set(message.id, attempt);
    const onAbort = (): void => giveUp(message.id, attempt, GIVEN_UP);
    signal.addEventListener("abort", onAbort, { once: true });
    inHand.set(message.id, relay(message, attempt));
    try {
      return await promise;
    } finally {
      clearTimeout(attempt.ackTimer);
      signal.removeEventListener("abort", onAbort);
      attempts.delete(message.id);
    }
  };

  return {
    send,
    handOver: (id) => {
      if (givenUp.has(id)) throw new GivenUpError("the message was given up before it left");
      const attempt = attempts.get(id);
      if (attempt !== undefined) leave(attempt);
    },
    ack: ({ id, from, error, phash, refresh_lid }) => {
      const attempt = id === undefined ? undefined : attempts.get(id);
      if (id === undefined) return;
      if (error !== undefined) {
        if (attempt === undefined)
          deps.log("message.refused_late", { message_id: id, nack: error });
        else void refuse(attempt, classifyNack(error), deps);
        return;
      }
      if (from !== undefined && (phash ?? refresh_lid) !== undefined) deps.onStaleList(from);
      const at = Date.now();
      // Told at once, so that a receipt in the same packet can't overtake it.
      deps.onEvidence({ ids: [id], proves: "sent", at, by: from ?? "" });
      attempt?.settle({ kind: "acked", at, proof: "sent" });
    },
    receipt: (evidence) => {
      for (const id of evidence.ids)
        attempts.get(id)?.settle({ kind: "acked", at: evidence.at, proof: evidence.proves });
      deps.onEvidence(evidence);
    },
    close: () => {
      closed = true;
      for (const [id, attempt] of attempts) giveUp(id, attempt, CLOSED);
    },
    idle: async () => {
      await Promise.all(inHand.values());
    },
  };
}

class GivenUpError extends Error {
  override readonly name = "GivenUpError";
}

class NoDevicesError extends Error {
  override readonly name = "NoDevicesError";
}

const CLOSED: Failure = { code: "DEVICE_DISCONNECTED", detail: "the connection closed" };
const GIVEN_UP: Failure = { code: "DEVICE_DISCONNECTED", detail: "the attempt was given up" };
const NO_DEVICES: Failure = {
  code: "CLIENT_ERROR",
  detail: "WhatsApp named no device of the recipient",
};

/**
 * One transaction around the device query and the send, so that everything a cold recipient needs is one write to the store.
 * Baileys takes the same lock itself: sends of a device never overlap.
 */
async function relayMessage(
  wa: WASocket,
  { id, jid, content }: OutgoingMessage,
  { onTokenGiven, groups }: Pick<SenderDeps, "onTokenGiven" | "groups">,
): Promise<void> {
  const meId = wa.user?.id;
  if (meId === undefined)
    throw Object.assign(new Error("not logged in"), { output: { statusCode: 401 } });
  await wa.authState.keys.transaction(async () => {
    const single = !isJidGroup(jid);
    await (single ? requireDevices(wa, jid) : knowGroup(wa, jid, groups));
    const chat = { jid, me: meId };
    const { attributes, nodes } = stanzaOf(content, chat);
    await wa.relayMessage(jid, withSecret(toProto(content, chat)), {
      messageId: id,
      additionalAttributes: attributes,
      additionalNodes: nodes,
    });
    if (single) onTokenGiven((await wa.signalRepository.lidMapping.getLIDForPN(jid)) ?? jid);
  }, meId);
}

/** WhatsApp Web gives every message but a reaction a secret, from which the tokens of spam reports are made. */
function withSecret(message: proto.IMessage): proto.IMessage {
  if (message.reactionMessage !== undefined || message.messageContextInfo !== undefined)
    return message;
  return { ...message, messageContextInfo: { messageSecret: randomBytes(32) } };
}

/**
 * Without a device of the recipient the stanza goes to our own devices only, and WhatsApp acks it: silent loss. An empty list
 * (unknown number, query timed out) is not cached. Asking for our own devices as well saves the send its query.
 */
async function requireDevices(wa: WASocket, jid: string): Promise<void> {
  const devices = await wa.getUSyncDevices([...ownJid(wa, jid), jid], true, false);
  const user = jidDecode(jid)?.user;
  if (!devices.some((device) => device.user === user))
    throw new NoDevicesError("no device of the recipient");
}

/** Our own address in the recipient's address space; none when the recipient is ourselves. */
function ownJid(wa: WASocket, jid: string): string[] {
  const own = isLidUser(jid) ? wa.user?.lid : wa.user?.id;
  return own === undefined || areJidsSameUser(own, jid) ? [] : [jidNormalizedUser(own)];
}

async function refuse(attempt: Attempt, failure: Failure, deps: SenderDeps): Promise<void> {
  attempt.answered = true;
  clearTimeout(attempt.ackTimer);
  attempt.settle({ kind: "failed", failure: await deps.explain(failure) });
}

function failureOf(error: unknown): Failure {
  if (error instanceof NoDevicesError) return NO_DEVICES;
  if (error instanceof GroupError) return error.failure;
  if (error instanceof GivenUpError) return GIVEN_UP;
  return classifyRejection(error);
}

function unknown(detail: string): SendOutcome {
  return { kind: "unknown", failure: { code: "OUTCOME_UNKNOWN", detail } };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

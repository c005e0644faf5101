import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type Failure, type InboundMessage, mintMessageId } from "@pombo/domain";
import {
  type BaileysEventMap,
  type BinaryNode,
  jidNormalizedUser,
  proto,
  type WASocket,
} from "@whiskeysockets/baileys";
import { classifyNack, classifyRejection } from "./classify.ts";
import { readMessage } from "./inbound-content.ts";

/** The messages of a chat that are older than one which is known, newest first. */
export interface HistoryWish {
  /** The chat. */
  readonly jid: string;
  readonly count: number;
  /** Absent: before now. */
  readonly before?: { readonly id: string; readonly fromMe: boolean; readonly at: number };
}

export type HistoryAsked =
  /** `messages`: those of others, absent when the phone has not answered yet. */
  | { readonly kind: "asked"; readonly messages?: readonly InboundMessage[] }
  | { readonly kind: "failed"; readonly failure: Failure };

const { PeerDataOperationRequestType: Operation } = proto.Message;
const { Type } = proto.Message.ProtocolMessage;

/** Asks the account's phone for history. WhatsApp acks the question; the phone answers when it is online, or refuses. */
export async function askHistory(
  wa: WASocket,
  wish: HistoryWish,
  waits: { readonly ackMs: number; readonly answerMs: number },
): Promise<HistoryAsked> {
  const me = wa.user?.id;
  if (me === undefined) return failed({ code: "DEVICE_NOT_READY", detail: "not logged in" });
  const id = mintMessageId(randomBytes(9));
  const answer = listen(wa, id);
  try {
    const acked = wa.waitForMessage<BinaryNode | undefined>(id, waits.ackMs);
    acked.catch(() => {});
    await wa.relayMessage(jidNormalizedUser(me), requestOf(wish), {
      messageId: id,
      additionalAttributes: { category: "peer", push_priority: "high_force" },
      additionalNodes: [{ tag: "meta", attrs: { appdata: "default" } }],
    });
    const ack = await acked;
    if (ack === undefined) return failed({ code: "UPSTREAM_FAILED", detail: "no answer in time" });
    const { error } = ack.attrs;
    if (error !== undefined) return failed(classifyNack(error));
    const late = pause(waits.answerMs, { kind: "asked" } as const, { ref: false });
    return await Promise.race([answer.told, late]);
  } catch (error) {
    return failed(classifyRejection(error));
  } finally {
    answer.stop();
  }
}

function failed(failure: Failure): HistoryAsked {
  return { kind: "failed", failure };
}

function requestOf({ jid, count, before }: HistoryWish): proto.IMessage {
  return {
    protocolMessage: {
      type: Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
      peerDataOperationRequestMessage: {
        peerDataOperationRequestType: Operation.HISTORY_SYNC_ON_DEMAND,
        historySyncOnDemandRequest: {
          chatJid: jid,
          onDemandMsgCount: count,
          oldestMsgFromMe: before?.fromMe ?? false,
          oldestMsgId: before?.id ?? "",
          oldestMsgTimestampMs: before?.at ?? Date.now(),
        },
      },
    },
  };
}

/** What the phone says to the question with this id. */
function listen(wa: WASocket, id: string) {
  const { promise, resolve } = Promise.withResolvers<HistoryAsked>();
  const onHistory: Listener<"messaging-history.set"> = ({ messages, peerDataRequestSessionId }) => {
    if (peerDataRequestSessionId !== id) return;
    resolve({ kind: "asked", messages: messages.flatMap((message) => readMessage(message) ?? []) });
  };
  const onMessages: Listener<"messages.upsert"> = ({ messages }) => {
    const refused = messages.some(
      ({ message }) =>
        message?.protocolMessage?.peerDataOperationRequestResponseMessage?.stanzaId === id,
    );
    if (refused) resolve(failed({ code: "UPSTREAM_FAILED", detail: "the phone refused" }));
  };
  wa.ev.on("messaging-history.set", onHistory);
  wa.ev.on("messages.upsert", onMessages);
  const stop = (): void => {
    wa.ev.off("messaging-history.set", onHistory);
    wa.ev.off("messages.upsert", onMessages);
  };
  return { told: promise, stop };
}

type Listener<Name extends keyof BaileysEventMap> = (told: BaileysEventMap[Name]) => void;

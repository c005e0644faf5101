import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { proto } from "@whiskeysockets/baileys";
import { jidOf, type Companion } from "./directory.ts";
import { isGroupJid } from "./group-jid.ts";
import { jidIn } from "./group-node.ts";
import type { DeviceRole } from "./iq-call.ts";
import { lidJid, parseJid, pnJid } from "./jid.ts";
import { uploadFromPhone } from "./letter-media.ts";
import { el } from "./node.ts";
import { encryptFor } from "./phone-encryption.ts";
import { messageOf, writePlaintext } from "./plaintext.ts";
import type { KeptMessage } from "./phones.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/**
 * A companion asks its phone, by a peer message, for older messages of a chat. The phone answers with one chunk, beside the
 * notification and on the media host: Baileys looks for such a file on WhatsApp's own host only, whatever host it was told.
 */
export interface HistoryRequest {
  readonly companion: DeviceRole;
  /** Id of the peer message. */
  readonly id: string;
  readonly asked: proto.Message.PeerDataOperationRequestMessage.IHistorySyncOnDemandRequest;
}

const { Type } = proto.Message.ProtocolMessage;
const { ON_DEMAND } = proto.HistorySync.HistorySyncType;
const deflated = promisify<Buffer, Buffer>(deflate);

/** The request in a message; undefined when it is none. */
export function historyAskedIn({ protocolMessage }: proto.IMessage) {
  return protocolMessage?.peerDataOperationRequestMessage?.historySyncOnDemandRequest ?? undefined;
}

export function answerHistory(realm: Realm, request: HistoryRequest): void {
  const { companion: role, id } = request;
  const fault = realm.faults.take("history", { device: role.jid });
  const outcome = fault?.kind ?? "answer";
  realm.log.append("history", { device: role.jid, id, type: outcome });
  if (outcome === "drop") return;
  const answer = async (): Promise<void> => {
    const companion = realm.directory.companion(role.number, role.device);
    if (companion === undefined) return;
    const message = outcome === "refuse" ? refusal(id) : await chunk(realm, request);
    await postToOwn(realm, companion, message);
  };
  realm.timers.after(fault?.kind === "delay" ? fault.ms : 0, () => realm.work.add(answer));
}

function refusal(stanzaId: string): proto.IMessage {
  const peerDataOperationRequestResponseMessage = {
    peerDataOperationRequestType: proto.Message.PeerDataOperationRequestType.HISTORY_SYNC_ON_DEMAND,
    stanzaId,
    peerDataOperationResult: [
      { mediaUploadResult: proto.MediaRetryNotification.ResultType.GENERAL_ERROR },
    ],
  };
  const type = Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE;
  return { protocolMessage: { type, peerDataOperationRequestResponseMessage } };
}

async function chunk(realm: Realm, request: HistoryRequest): Promise<proto.IMessage> {
  const { id: chatJid, messages } = conversation(realm, request);
  const history = proto.HistorySync.encode({
    syncType: ON_DEMAND,
    conversations: [{ id: chatJid, messages }],
    chunkOrder: 1,
    progress: 100,
  }).finish();
  const packed = await deflated(Buffer.from(history));
  const { url: _, ...file } = await uploadFromPhone(realm, "history", {
    base64: packed.toString("base64"),
  });
  const historySyncNotification = {
    ...file,
    syncType: proto.Message.HistorySyncType.ON_DEMAND,
    chunkOrder: 1,
    progress: 100,
    peerDataRequestSessionId: request.id,
    initialHistBootstrapInlinePayload: packed,
  };
  const type = Type.HISTORY_SYNC_NOTIFICATION;
  return { protocolMessage: { type, historySyncNotification } };
}

/** The newest of those older than the message that the companion named, newest first, as phones write them. */
function conversation(realm: Realm, { companion: { number }, asked }: HistoryRequest) {
  const id = asked.chatJid ?? "";
  const chat = isGroupJid(id) ? id : (parseJid(id)?.number ?? "");
  const kept = realm.phones.chat(number, chat).filter(({ message }) => isRemembered(message));
  const oldest = kept.findIndex(({ message }) => message.id === asked.oldestMsgId);
  const older = oldest < 0 ? kept : kept.slice(0, oldest);
  const count = Math.min(asked.onDemandMsgCount ?? 50, realm.limits.historyMessages);
  const messages = older
    .slice(Math.max(0, older.length - count))
    .toReversed()
    .map((row, at) => ({
      message: remembered(realm, row, { number, chatJid: id }),
      msgOrderId: older.length - at,
    }));
  return { id, messages };
}

const isRemembered = ({ type, revoked_by: revoked }: KeptMessage["message"]): boolean =>
  revoked === undefined && type !== "edit" && type !== "revoke" && type !== "reaction";

function remembered(
  realm: Realm,
  row: KeptMessage,
  { number, chatJid }: { number: string; chatJid: string },
): proto.IWebMessageInfo {
  const { id, from, received_at: at } = row.message;
  const mode = realm.groups.get(chatJid)?.mode;
  const participant = mode === undefined ? {} : { participant: jidIn(mode, from) };
  return {
    key: { remoteJid: chatJid, fromMe: from === number, id, ...participant },
    message: messageOf(row),
    messageTimestamp: Math.floor(Date.parse(at) / 1_000),
    pushName: `~${from.slice(-4)}`,
  };
}

/** What a phone tells its own companion behind the scenes. */
async function postToOwn(
  realm: Realm,
  companion: Companion,
  message: proto.IMessage,
): Promise<void> {
  const { number: phone } = companion;
  const enc = await encryptFor(realm, companion, { phone, plaintext: writePlaintext(message) });
  const attrs = {
    from: pnJid(phone),
    sender_lid: lidJid(phone),
    id: randomBytes(16).toString("hex").toUpperCase(),
    type: "text",
    category: "peer",
    t: nowSeconds(),
  };
  realm.outboxes.post(jidOf(companion), el("message", attrs, [enc]));
}

import type { Device } from "@pombo/device";
import {
  type DeviceId,
  type Failure,
  type InboundMessage,
  type MediaId,
  mostMediaBytes,
  type Settings,
} from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import {
  type Incoming,
  type MediaRoom,
  MediaStoreError,
  receive,
  type Received,
} from "@pombo/media";

export interface KeepDeps {
  readonly ledger: Pick<Ledger, "findReceived" | "keepMedia">;
  readonly device: Pick<Device, "download">;
  readonly room: MediaRoom;
  readonly settings: Settings;
  readonly now: () => number;
}

/** Which file, and under which name it is to be kept. */
export interface InboundFile {
  readonly deviceId: DeviceId;
  /** Of the message that came in. */
  readonly messageId: string;
  readonly mediaId: MediaId;
}

/** Fetches the file of a message that came in, and keeps it like any other media. Undefined: it is kept. */
export async function keepInboundMedia(
  { deviceId, messageId, mediaId }: InboundFile,
  { ledger, device, room, settings, now }: KeepDeps,
): Promise<Failure | undefined> {
  const message = await ledger.findReceived(deviceId, messageId);
  if (message?.source === undefined) return { code: "MESSAGE_NOT_FOUND", detail: "it has no file" };
  const signal = AbortSignal.timeout(settings.media_download_ms);
  const opened = await device.download(message.source, signal);
  if (opened.kind === "failed") return opened.failure;
  const limitBytes = mostMediaBytes(settings);
  const incoming = { id: mediaId, body: opened.bytes, limitBytes, declaredTypes: [], signal };
  const received = await receiveWhole(incoming, room);
  if (received.kind === "broken") return received.failure;
  if (received.kind !== "received") return { code: "MEDIA_UNACCEPTABLE", detail: received.reason };
  const { facts } = received;
  const named = message.media?.fileName;
  const record = {
    ...facts,
    id: mediaId,
    ...(named === undefined ? {} : { fileName: named }),
    // What the bytes don't tell, the message does.
    mimeType: facts.mimeType === UNTOLD ? typeOf(message) : facts.mimeType,
    keyId: "",
    devices: [deviceId],
    createdAt: now(),
  };
  const first = await ledger.keepMedia(record, now());
  if (first.object !== record.object) await room.store.remove(record.object);
  return undefined;
}

type Broken = { readonly kind: "broken"; readonly failure: Failure };

/** What breaks on its way, or is not what its message promised, is WhatsApp's word; what our own store fails with is ours. */
async function receiveWhole(incoming: Incoming, room: MediaRoom): Promise<Received | Broken> {
  try {
    return await receive(incoming, room);
  } catch (cause) {
    const ours = cause instanceof MediaStoreError;
    const failure: Failure = ours
      ? { code: "SERVICE_UNAVAILABLE", detail: "the media store failed", cause }
      : { code: "UPSTREAM_FAILED", detail: "the file that WhatsApp gave is damaged", cause };
    return { kind: "broken", failure };
  }
}

const UNTOLD = "application/octet-stream";
const TYPE = /^[a-z]+\/[\w.+-]{1,100}(?:; ?[\w.=" -]{1,100})?$/i;

/** A stranger may write anything there: what is no type can't be told as one. */
function typeOf({ media }: InboundMessage): string {
  const { mimeType = "" } = media ?? {};
  return TYPE.test(mimeType) ? mimeType : UNTOLD;
}

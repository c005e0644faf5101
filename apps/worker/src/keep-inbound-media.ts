import type { Device } from "@pombo/device";
import {
  type DeviceId,
  type Failure,
  type MediaId,
  mostMediaBytes,
  type Settings,
} from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { type MediaRoom, receive } from "@pombo/media";

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
  const received = await receive(incoming, room);
  if (received.kind !== "received") return { code: "MEDIA_UNACCEPTABLE", detail: received.reason };
  const { facts } = received;
  const named = message.media?.fileName;
  const record = {
    ...facts,
    id: mediaId,
    ...(named === undefined ? {} : { fileName: named }),
    // What the bytes don't tell, the message does.
    mimeType: facts.mimeType === UNTOLD ? (message.media?.mimeType ?? UNTOLD) : facts.mimeType,
    keyId: "",
    devices: [deviceId],
    createdAt: now(),
  };
  const first = await ledger.keepMedia(record, now());
  if (first.object !== record.object) await room.store.remove(record.object);
  return undefined;
}

const UNTOLD = "application/octet-stream";

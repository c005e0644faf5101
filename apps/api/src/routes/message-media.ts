import { pipeline } from "node:stream/promises";
import { isInboundId } from "@pombo/domain";
import { type Ledger, type MediaRecord, receivedMediaId } from "@pombo/ledger";
import type { MediaRoom } from "@pombo/media";
import { refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { askDevice, type DeviceRequestDeps } from "../device-request.ts";
import { noDevice, visibleDevice } from "./devices.ts";

export interface MessageMediaDeps extends DeviceRequestDeps {
  readonly ledger: DeviceRequestDeps["ledger"] & Pick<Ledger, "findMedia" | "findReceived">;
  readonly media: Pick<MediaRoom, "store">;
}

const absent = { code: "MESSAGE_NOT_FOUND" } as const;
const lost = { code: "NOT_FOUND", detail: "The file is not kept any longer" } as const;

/** `GET /v1/messages/:id/media?device_id=`: the file of a message that came in, fetched by its device when it is first asked for. */
export function getMessageMedia(deps: MessageMediaDeps): Handler<"getMessageMedia"> {
  return async ({ caller, params: { id }, query, client }) => {
    const device = await visibleDevice(query.device_id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    const message = isInboundId(id) ? await deps.ledger.findReceived(device.id, id) : undefined;
    if (message?.source === undefined) return refuse(absent);
    const mediaId = receivedMediaId(device.id, id);
    let record = await deps.ledger.findMedia(mediaId);
    if (record === undefined) {
      const ask = { kind: "fetch-media", messageId: id, mediaId, signal: client.stop } as const;
      const asked = await askDevice(device.id, ask, deps);
      if (asked.kind === "refused") return refuse(asked.problem);
      record = await deps.ledger.findMedia(mediaId);
    }
    const bytes = record === undefined ? undefined : await deps.media.store.read(record.object);
    if (record === undefined || bytes === undefined) return refuse(lost);
    return {
      kind: "stream",
      headers: headersOf(record),
      run: (res) => pipeline(bytes, res).catch(() => void res.destroy()),
    };
  };
}

/** A stranger's file: a browser must neither guess its type nor run it on our page. */
function headersOf({ id, mimeType, bytes }: MediaRecord): Readonly<Record<string, string>> {
  return {
    "Content-Type": mimeType,
    "Content-Length": String(bytes),
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Media-Id": id,
  };
}

import type { MediaBody } from "@pombo/contract";
import type { MediaRecord } from "@pombo/ledger";
import { instant } from "./answer.ts";
import type { Caller } from "./authenticate.ts";

/** The record of media that this caller brings. */
export function recordOf(
  media: Omit<MediaRecord, "keyId" | "devices" | "createdAt">,
  { keyId, devices }: Caller,
  now: number,
): MediaRecord {
  return { ...media, keyId, devices, createdAt: now };
}

/** Media belongs to the key that brought it, and to every key that may see all devices of that one. */
export function seesMedia({ keyId, devices }: Caller, record: MediaRecord): boolean {
  if (keyId === record.keyId || devices === "*") return true;
  return record.devices !== "*" && record.devices.every((device) => devices.includes(device));
}

export function renderMedia(record: MediaRecord): MediaBody {
  return {
    success: true,
    media_id: record.id,
    mime_type: record.mimeType,
    bytes: record.bytes,
    sha256: record.sha256,
    file_name: record.fileName ?? null,
    width: record.width ?? null,
    height: record.height ?? null,
    seconds: record.seconds ?? null,
    created_at: instant(record.createdAt),
  };
}

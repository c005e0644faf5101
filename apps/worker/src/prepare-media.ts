import type { Device } from "@pombo/device";
import type { Failure, Settings } from "@pombo/domain";
import { isMedia, type MediaContent, mediaLimit, type MessageContent } from "@pombo/domain";
import { type Carried, carriedBy, type Ledger, type MediaRecord } from "@pombo/ledger";
import { fetchMedia, type MediaRoom } from "@pombo/media";
import type { Reach } from "./fault-point.ts";
import type { MediaSlots } from "./slots.ts";
import { setTimeout as pause } from "node:timers/promises";

export interface PrepareDeps {
  readonly ledger: Pick<Ledger, "findMedia" | "findUpload" | "keepMedia" | "keepUpload">;
  readonly device: Pick<Device, "upload">;
  readonly room: MediaRoom;
  readonly settings: Settings;
  /** Of the whole process. */
  readonly slots: MediaSlots;
  /** URLs may name our own machine: in the sandbox and in tests. */
  readonly allowLoopback: boolean;
  readonly reach: Reach;
  readonly now: () => number;
}

/** Whose message carries the media. */
export interface Bearer {
  readonly deviceId: Parameters<Ledger["keepUpload"]>[0];
  readonly keyId: string;
  readonly content: MessageContent;
}

/** `undefined`: it is at WhatsApp now. */
export type Prepared = Failure | undefined;

/**
 * Gets the media of a message to WhatsApp: fetch (once per message) → upload (once per device) → remember. Nothing is sent; each
 * step is skipped when an earlier try has done it. Rejects only when `signal` is aborted.
 */
export async function prepareMedia(
  bearer: Bearer,
  deps: PrepareDeps,
  signal: AbortSignal,
): Promise<Prepared> {
  const { content, deviceId } = bearer;
  const carried = carriedBy(content);
  if (carried === undefined || !isMedia(content)) return undefined;
  try {
    if ((await deps.ledger.findUpload(deviceId, carried)) !== undefined) return undefined;
    const record = await obtain(bearer, content, { deps, signal });
    if ("code" in record) return record;
    return await upload(deviceId, { carried, record }, { deps, signal });
  } catch (error) {
    signal.throwIfAborted();
    return { code: "MEDIA_UPLOAD_FAILED", detail: "the media store failed", cause: error };
  }
}

interface Hands {
  readonly deps: PrepareDeps;
  readonly signal: AbortSignal;
}

async function obtain(
  { keyId, deviceId }: Bearer,
  { media, kind, mimeType, fileName }: MediaContent,
  { deps, signal }: Hands,
): Promise<MediaRecord | Failure> {
  const { ledger, settings, now } = deps;
  const kept = await ledger.findMedia(media.id);
  if (kept !== undefined) return kept;
  if (media.url === undefined) return unacceptable("it is not kept any longer");
  const asked = {
    id: media.id,
    url: media.url,
    kind,
    limitBytes: mediaLimit(kind, settings),
    ...(mimeType === undefined ? {} : { mimeType }),
  };
  const fetched = await fetchOften(asked, { deps, signal });
  if (fetched.kind !== "fetched") return unacceptable(fetched.reason);
  const record = {
    ...fetched.facts,
    id: media.id,
    ...(fileName === undefined ? {} : { fileName }),
    keyId,
    devices: [deviceId],
    createdAt: now(),
  };
  // A death right here leaves bytes that nobody knows: they are swept.
  deps.reach("media_fetched");
  const first = await ledger.keepMedia(record, now());
  deps.reach("media_kept");
  if (first.object !== record.object) await deps.room.store.remove(record.object);
  return first;
}

type Asked = Parameters<typeof fetchMedia>[0];

async function fetchOften(asked: Asked, { deps, signal }: Hands) {
  const release = await deps.slots.fetch.take(URL.parse(asked.url)?.host ?? "", signal);
  try {
    return await fetchPatiently(asked, { deps, signal });
  } finally {
    release();
  }
}

/** A host that fails gets another chance, not for long: whoever waits wants to know. */
async function fetchPatiently(asked: Asked, { deps, signal }: Hands) {
  const { settings } = deps;
  for (let tries = 1; ; tries += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const fetched = await fetchMedia(asked, deps, signal);
    if (fetched.kind !== "failed" || tries >= settings.media_fetch_tries) return fetched;
    const wait = settings.media_fetch_pause_ms * 2 ** (tries - 1);
    // oxlint-disable-next-line no-await-in-loop
    await pause(wait, undefined, { signal });
  }
}

async function upload(
  deviceId: Bearer["deviceId"],
  what: { readonly carried: Carried; readonly record: MediaRecord },
  hands: Hands,
): Promise<Prepared> {
  const release = await hands.deps.slots.upload.take(hands.signal);
  try {
    return await uploadNow(deviceId, what, hands);
  } finally {
    release();
  }
}

async function uploadNow(
  deviceId: Bearer["deviceId"],
  { carried, record }: { readonly carried: Carried; readonly record: MediaRecord },
  { deps, signal }: Hands,
): Promise<Prepared> {
  const bytes = await deps.room.store.read(record.object);
  if (bytes === undefined) return unacceptable("its bytes are gone");
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    bytes.destroy();
    reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    // What is on its way to WhatsApp already can't be called back; nobody waits for it any more.
    const uploaded = await Promise.race([
      deps.device.upload({ kind: carried.kind, bytes }),
      aborted,
    ]);
    if (uploaded.kind === "failed") return uploaded.failure;
    const { mimeType, fileName, width, height, seconds, thumbnail } = record;
    await deps.ledger.keepUpload(deviceId, carried, {
      ...uploaded.file,
      mimeType,
      ...(fileName === undefined ? {} : { fileName }),
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(seconds === undefined ? {} : { seconds }),
      ...(thumbnail === undefined ? {} : { thumbnail }),
    });
    deps.reach("media_uploaded");
    return undefined;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function unacceptable(reason: string): Failure {
  return { code: "MEDIA_UNACCEPTABLE", detail: `the media can't be used: ${reason}` };
}

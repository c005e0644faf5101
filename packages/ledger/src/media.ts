import {
  type DeviceId,
  isMedia,
  mintMediaId,
  type MediaId,
  type MediaKind,
  type MessageContent,
  type MessageId,
  type Settings,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { createHash } from "node:crypto";
import type { Ownership } from "./lane.ts";
import type { Run } from "./scripts.ts";

/** What is known of bytes that are kept. */
export interface MediaRecord {
  readonly id: MediaId;
  /** Under which name the store has them. */
  readonly object: string;
  readonly bytes: number;
  /** hex */
  readonly sha256: string;
  readonly mimeType: string;
  readonly fileName?: string;
  readonly width?: number;
  readonly height?: number;
  readonly seconds?: number;
  /** A JPEG of a few hundred bytes, base64. */
  readonly thumbnail?: string;
  /** Of the API key that brought it. */
  readonly keyId: string;
  /** The devices that this key had then: who has all of them may see it too. */
  readonly devices: "*" | readonly string[];
  /** ms since the epoch */
  readonly createdAt: number;
}

/** Media as WhatsApp has it from one device: what its recipients need to fetch it. Byte fields in base64. */
export interface MediaUpload {
  readonly url: string;
  readonly directPath: string;
  readonly mediaKey: string;
  readonly fileEncSha256: string;
  readonly fileSha256: string;
  readonly fileLength: number;
  /** s since the epoch */
  readonly mediaKeyTimestamp: number;
  readonly mimeType: string;
  readonly fileName?: string;
  readonly width?: number;
  readonly height?: number;
  readonly seconds?: number;
  readonly thumbnail?: string;
}

/** What a message carries: the media, shown as this kind. */
export interface Carried {
  readonly id: MediaId;
  readonly kind: MediaKind;
}

interface MediaWait {
  readonly messageId: MessageId;
  readonly feed: number;
  /** ms since the epoch */
  readonly until: number;
  /** Work on its media begins now; otherwise it is under way. */
  readonly begins: boolean;
}

type MediaWaits =
  /** `begun`: how often work on its media began. */
  { readonly kind: "waits"; readonly begun: number } | { readonly kind: "ghost" | "fenced" };

export interface Media {
  /** The first record wins and is returned; it is kept for `media_kept_ms` after its last use. */
  keepMedia(record: MediaRecord, now: number): Promise<MediaRecord>;
  findMedia(id: MediaId): Promise<MediaRecord | undefined>;
  /** Keeps it at least for `media_kept_ms` from `at`; undefined when it is gone. */
  useMedia(id: MediaId, at: number): Promise<MediaRecord | undefined>;
  /** The record that was dropped: its bytes may be removed now. */
  dropMedia(id: MediaId): Promise<MediaRecord | undefined>;
  /** Drops what nobody has used for so long; at most so many. */
  dropOldMedia(now: number, most: number): Promise<readonly MediaRecord[]>;
  /** Which of these media have a record with this object? */
  knownObjects(objects: readonly string[]): Promise<readonly boolean[]>;
  /** The device uploaded it: from now on its messages need no bytes. */
  keepUpload(deviceId: DeviceId, carried: Carried, upload: MediaUpload): Promise<void>;
  findUpload(deviceId: DeviceId, carried: Carried): Promise<MediaUpload | undefined>;
  /** Sets the message in hand aside until its media is ready, or until then. */
  awaitMedia(own: Ownership, job: MediaWait): Promise<MediaWaits>;
  /** Brings it back to its place in the backlog. */
  mediaReady(own: Ownership, messageId: MessageId): Promise<void>;
}

export function media({
  redis,
  keys,
  run,
  settings,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}): Media {
  const dropMedia = async (id: string, now: number | ""): Promise<MediaRecord | undefined> =>
    read(await run("drop-media", id, now));
  return {
    async keepMedia(record, now) {
      const until = now + settings.media_kept_ms;
      return JSON.parse(
        String(await run("keep-media", record.id, JSON.stringify(record), until)),
      ) as MediaRecord;
    },
    findMedia: async (id) => read(await redis.get(keys.media(id))),
    useMedia: async (id, at) => read(await run("use-media", id, at + settings.media_kept_ms)),
    dropMedia: (id) => dropMedia(id, ""),
    async dropOldMedia(now, most) {
      const ids = await redis.zrangebyscore(keys.mediaends(), "-inf", now, "LIMIT", 0, most);
      const dropped = await Promise.all(ids.map((id) => dropMedia(id, now)));
      return dropped.filter((record) => record !== undefined);
    },
    async knownObjects(objects) {
      if (objects.length === 0) return [];
      const ids = objects.map((object) => object.split("-")[0] ?? "");
      const records = await redis.mget(ids.map((id) => keys.media(id)));
      return objects.map((object, index) => read(records[index])?.object === object);
    },
    async keepUpload(deviceId, carried, upload) {
      const key = keys.upload(deviceId, carriedText(carried));
      await redis.set(key, JSON.stringify(upload), "PX", settings.media_uploaded_kept_ms);
    },
    async findUpload(deviceId, carried) {
      const text = await redis.get(keys.upload(deviceId, carriedText(carried)));
      return text === null ? undefined : (JSON.parse(text) as MediaUpload);
    },
    async awaitMedia({ deviceId, epoch }, { messageId, feed, until, begins }) {
      const flag = begins ? 1 : 0;
      const reply = await run("await-media", deviceId, epoch, messageId, feed, until, flag);
      const [kind, begun] = reply as [MediaWaits["kind"], number?];
      return kind === "waits" ? { kind, begun: Number(begun) } : { kind };
    },
    async mediaReady({ deviceId, epoch }, messageId) {
      await run("media-ready", deviceId, epoch, messageId);
    },
  };
}

/** The media of a message that a device received: the same whoever asks first. */
export function receivedMediaId(deviceId: string, messageId: string): MediaId {
  const digest = createHash("sha256").update(`${deviceId}/${messageId}`).digest();
  return mintMediaId(digest.subarray(0, 16));
}

/** The media of a content; undefined when it has none. */
export function carriedBy(content: MessageContent): Carried | undefined {
  return isMedia(content) ? { id: content.media.id, kind: content.kind } : undefined;
}

/** How a message's hash and the key of its upload name what it carries. */
export function carriedText({ id, kind }: Carried): string {
  return `${id}|${kind}`;
}

function read(record: unknown): MediaRecord | undefined {
  return typeof record === "string" && record !== ""
    ? (JSON.parse(record) as MediaRecord)
    : undefined;
}

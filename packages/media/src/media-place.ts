import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFileStore } from "./file-store.ts";
import type { MediaStore } from "./media-store.ts";
import { openS3Store, type S3Bucket } from "./s3-store.ts";

/** Where an installation keeps its media: a folder that all its processes share, or a bucket. */
export type MediaPlace =
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "bucket"; readonly bucket: S3Bucket; readonly spool: string };

export type ReadMediaPlace =
  | { readonly kind: "place"; readonly place: MediaPlace }
  | { readonly kind: "refused"; readonly reason: string };

type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_FOLDER = "data/media";

/** `POMBO_MEDIA_FOLDER`, or `POMBO_MEDIA_S3_*` for a bucket; then the folder is only for bytes on their way. */
export function readMediaPlace(env: Env): ReadMediaPlace {
  const folder = env["POMBO_MEDIA_FOLDER"];
  const endpoint = env["POMBO_MEDIA_S3_ENDPOINT"];
  if (endpoint === undefined || endpoint === "")
    return { kind: "place", place: { kind: "folder", folder: folder ?? DEFAULT_FOLDER } };
  if (!URL.canParse(endpoint))
    return { kind: "refused", reason: "POMBO_MEDIA_S3_ENDPOINT must be a URL" };
  const missing = NEEDED.find((name) => (env[name] ?? "") === "");
  if (missing !== undefined)
    return { kind: "refused", reason: `${missing} must be given with POMBO_MEDIA_S3_ENDPOINT` };
  const prefix = env["POMBO_MEDIA_S3_PREFIX"];
  const bucket: S3Bucket = {
    endpoint,
    bucket: env["POMBO_MEDIA_S3_BUCKET"] ?? "",
    region: env["POMBO_MEDIA_S3_REGION"] ?? "us-east-1",
    accessKeyId: env["POMBO_MEDIA_S3_ACCESS_KEY"] ?? "",
    secretAccessKey: env["POMBO_MEDIA_S3_SECRET_KEY"] ?? "",
    ...(prefix === undefined ? {} : { prefix }),
  };
  const spool = folder ?? join(tmpdir(), "pombo-media");
  return { kind: "place", place: { kind: "bucket", bucket, spool } };
}

const NEEDED = [
  "POMBO_MEDIA_S3_BUCKET",
  "POMBO_MEDIA_S3_ACCESS_KEY",
  "POMBO_MEDIA_S3_SECRET_KEY",
] as const;

export function openMediaStore(place: MediaPlace): Promise<MediaStore> {
  return place.kind === "folder"
    ? openFileStore(place.folder)
    : openS3Store(place.bucket, place.spool);
}

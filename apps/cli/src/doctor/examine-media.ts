import { createHash, randomBytes } from "node:crypto";
import { mkdir, realpath, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../config.ts";
import type { Settings } from "@pombo/domain";
import type { MediaPlace, MediaStore } from "@pombo/media";
import { writable } from "./examine-data-folder.ts";
import { type Finding, orWell, problem, reasonOf } from "./finding.ts";

/** Can media be kept, read again and removed? A small object is, where it is a bucket. */
export async function examineMedia(
  environment: Environment,
  settings: Pick<Settings, "disk_free_bytes">,
): Promise<readonly Finding[]> {
  // It brings what looks into pictures and films along: only who asks for it pays for it.
  const { openMediaStore, readMediaPlace } = await import("@pombo/media");
  const read = readMediaPlace(environment);
  if (read.kind === "refused")
    return [problem(`media: ${read.reason}`, "give all of POMBO_MEDIA_S3_*, or none")];
  const { place } = read;
  if (place.kind === "folder") return await examineFolder(place.folder, settings);
  const where = bucketOf(place);
  try {
    await tryStore(await openMediaStore(place));
    return orWell([], `media: ${where} keeps and gives back`);
  } catch (error) {
    return [
      problem(
        `media: ${where} can't be used: ${sayError(error)}`,
        "mend POMBO_MEDIA_S3_*, and let the key list, put, get and delete objects",
      ),
    ];
  }
}

function bucketOf(place: Extract<MediaPlace, { kind: "bucket" }>): string {
  return `the bucket ${place.bucket.bucket} at ${new URL(place.bucket.endpoint).host}`;
}

function sayError(error: unknown): string {
  const outer = error instanceof Error ? error.message : String(error);
  const inner = reasonOf(error);
  return inner === outer ? outer : `${outer} (${inner})`;
}

async function examineFolder(
  folder: string,
  { disk_free_bytes: least }: Pick<Settings, "disk_free_bytes">,
): Promise<readonly Finding[]> {
  const path = await realpath(folder).catch(() => undefined);
  if (path === undefined)
    return [
      problem(`media: there is no folder ${folder}`, "make it, or name one in POMBO_MEDIA_FOLDER"),
    ];
  if (!(await stat(path)).isDirectory())
    return [problem(`media: ${path} is no folder`, "name one in POMBO_MEDIA_FOLDER")];
  const found = await writable(path);
  return orWell(
    found.length === 0 ? await room(path, least) : found,
    `media: ${path} can be written`,
  );
}

/** As the processes look at it before they say that they are ready. */
async function room(path: string, least: number): Promise<Finding[]> {
  const { examineFolder: look } = await import("@pombo/media");
  const says = await look(path, least);
  if (says === undefined) return [];
  return [
    problem(
      `media: ${says}, in ${path}: no process is ready with less than POMBO_DISK_FREE_BYTES`,
      "make room, or lower POMBO_DISK_FREE_BYTES",
    ),
  ];
}

/** A name that the sweep would take away if this died half-way. */
async function tryStore(store: MediaStore): Promise<void> {
  for await (const _ of store.list()) break;
  const name = `doctor-${randomBytes(8).toString("hex")}`;
  const path = join(store.spool, name);
  const content = "pombo";
  await mkdir(store.spool, { recursive: true, mode: 0o700 });
  await writeFile(path, content, { mode: 0o600 });
  try {
    const sha256 = createHash("sha256").update(content).digest("hex");
    await store.keep(name, { path, bytes: content.length, sha256 });
    const kept = await store.read(name);
    if (kept === undefined) throw new Error("what was kept is not there");
    kept.destroy();
    await store.remove(name);
  } finally {
    await rm(path, { force: true });
  }
}

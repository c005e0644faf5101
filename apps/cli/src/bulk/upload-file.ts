import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { EXIT } from "../command/exit-code.ts";
import { Stopped } from "../command/stopped.ts";

/** What is uploaded. */
export interface UploadFile {
  readonly path: string;
  readonly contentType: "text/csv" | "application/x-ndjson";
  readonly isGzipped: boolean;
  readonly bytes: number;
  /** hex, of all of it: whether it is still the same */
  readonly sha256: string;
}

/** @throws Stopped */
export async function readUploadFile(path: string): Promise<UploadFile> {
  const kind = kindOf(path);
  if (kind === undefined)
    throw stop("a batch is a .csv, .ndjson or .jsonl file, or one of these as .gz");
  const facts = await stat(path).catch((error: unknown) => {
    throw stop(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (!facts.isFile()) throw stop(`${path} is no file`);
  if (facts.size === 0) throw stop(`${path} is empty`);
  return { path, ...kind, bytes: facts.size, sha256: await digestOf(path) };
}

function stop(says: string): Stopped {
  return new Stopped(`${says}.`, EXIT.usage);
}

function kindOf(path: string): Pick<UploadFile, "contentType" | "isGzipped"> | undefined {
  const [, extension = "", gz] = /\.(csv|ndjson|jsonl)(\.gz)?$/i.exec(path) ?? [];
  if (extension === "") return undefined;
  const contentType = extension.toLowerCase() === "csv" ? "text/csv" : "application/x-ndjson";
  return { contentType, isGzipped: gz !== undefined };
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** The bytes for one try; tells how far it is. */
export function openUpload(
  { path }: UploadFile,
  onBytes: (sent: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = 0;
  const counted = createReadStream(path).on("data", (chunk) => {
    sent += chunk.length;
    onBytes(sent);
  });
  counted.pause();
  return Readable.toWeb(counted) as ReadableStream<Uint8Array<ArrayBuffer>>;
}

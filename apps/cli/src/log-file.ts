import { type FileHandle, open, rename, stat } from "node:fs/promises";

const LARGEST_BYTES = 5 * 1024 * 1024;
const TAIL_BYTES = 8 * 1024;

/** Opens a log to append to. One that has grown large becomes `.1` first, so that two of them are all that is ever kept. */
export async function openLogFile(file: string): Promise<FileHandle> {
  const size = await sizeOf(file);
  if (size > LARGEST_BYTES) await rename(file, `${file}.1`);
  return await open(file, "a", 0o600);
}

/** The last lines written after a position; empty when nothing was. */
export async function lastLines(file: string, from: number, count: number): Promise<string> {
  const size = await sizeOf(file);
  const start = Math.max(from, size - TAIL_BYTES);
  if (size <= start) return "";
  await using handle = await open(file, "r");
  const { buffer, bytesRead } = await handle.read(
    Buffer.alloc(size - start),
    0,
    size - start,
    start,
  );
  return buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n").slice(-count).join("\n");
}

export async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    (found) => found.size,
    () => 0,
  );
}

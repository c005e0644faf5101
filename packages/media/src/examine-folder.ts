import { randomUUID } from "node:crypto";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Can it be written to, and has its disk `leastBytes` free? A sentence when not. */
export async function examineFolder(
  folder: string,
  leastBytes: number,
): Promise<string | undefined> {
  const probe = join(folder, `.probe-${randomUUID()}`);
  try {
    await writeFile(probe, "");
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize >= leastBytes) return undefined;
    return `The disk of the media folder has only ${Math.floor((bavail * bsize) / MIB)} MiB free`;
  } catch {
    return "The media folder can't be written to";
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

const MIB = 1_048_576;

import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";

/** The file has the old content or the new one, never half of it, and only its owner may read it. */
export async function writeAtomic(file: string, text: string): Promise<void> {
  const half = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  await using handle = await open(half, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
    await rename(half, file);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}

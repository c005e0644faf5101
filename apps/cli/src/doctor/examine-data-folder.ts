import { randomBytes } from "node:crypto";
import { rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Finding, orWell, problem, reasonOf, warning } from "./finding.ts";

/** Where a local Pombo keeps everything: may it write there, is there room, and who else can read it? */
export async function examineDataFolder(path: string): Promise<readonly Finding[]> {
  const found = [
    ...(await writable(path)),
    ...(await room(path)),
    ...(await secrets(path, ["admin-key", "redis-url"])),
  ];
  return orWell(found, `data folder: ${path} is ours alone, and has room`);
}

/** Writes a file, and takes it away. */
export async function writable(path: string): Promise<Finding[]> {
  const file = join(path, `doctor-${randomBytes(4).toString("hex")}.tmp`);
  try {
    await writeFile(file, "", { flag: "wx", mode: 0o600 });
    await rm(file, { force: true });
    return [];
  } catch (error) {
    const remedy = "give it to the user that Pombo runs as, on a disk that can be written";
    return [problem(`nothing can be written in ${path}: ${reasonOf(error)}`, remedy)];
  }
}

async function room(path: string): Promise<Finding[]> {
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return judgeRoom({ path, freeBytes: bavail * bsize, totalBytes: blocks * bsize });
  } catch {
    return []; // said already: nothing can be written there
  }
}

const MIB = 1_048_576;
const GIB = 1_024 * MIB;

export interface Room {
  readonly path: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Redis writes a second copy of its file now and then, and stops taking writes when the disk is full. */
export function judgeRoom({ path, freeBytes, totalBytes }: Room): Finding[] {
  const share = totalBytes === 0 ? 1 : freeBytes / totalBytes;
  const free = `${Math.floor(freeBytes / MIB).toLocaleString("en-US")} MiB`;
  const says = `the disk of ${path} has ${free} left (${Math.floor(share * 100)} %)`;
  const remedy = "make room: Redis stops taking writes when it is full, and nothing is accepted";
  if (freeBytes < 256 * MIB) return [problem(says, remedy)];
  return freeBytes < 2 * GIB && share < 0.1 ? [warning(says, remedy)] : [];
}

/** Files that only their owner may read. */
export async function secrets(path: string, names: readonly string[]): Promise<Finding[]> {
  const found = await Promise.all(names.map((name) => readableByOthers(join(path, name))));
  return found.flat();
}

async function readableByOthers(file: string): Promise<Finding[]> {
  const { mode } = (await stat(file).catch(() => undefined)) ?? { mode: 0 };
  if ((mode & 0o077) === 0) return [];
  return [problem(`others of this machine can read ${file}`, `chmod 600 ${file}`)];
}

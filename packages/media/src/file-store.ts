import { type Dirent, createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { MediaStore, StoredObject } from "./media-store.ts";

/**
 * Files in a folder, spread over subfolders by their last two characters. A file gets its name when it is whole and on the disk
 * (`spool` is in the same file system, so that a rename does it). Only its owner may read it.
 */
export async function openFileStore(folder: string): Promise<MediaStore> {
  const spool = join(folder, "incoming");
  const objects = join(folder, "objects");
  await mkdir(spool, { recursive: true, mode: 0o700 });
  await mkdir(objects, { recursive: true, mode: 0o700 });
  const place = (name: string): string => join(objects, name.slice(-2), name);
  return {
    spool,
    async keep(name, { path }) {
      const into = join(objects, name.slice(-2));
      await mkdir(into, { recursive: true, mode: 0o700 });
      await rename(path, place(name));
      await flushFolder(into);
    },
    async read(name) {
      const handle = await open(place(name), "r").catch(unlessMissing);
      return handle === undefined
        ? undefined
        : createReadStream("", { fd: handle, highWaterMark: READ_BYTES });
    },
    async remove(name) {
      await rm(place(name), { force: true });
    },
    list: () => listFiles(objects),
  };
}

const READ_BYTES = 65_536;

async function* listFiles(objects: string): AsyncIterable<StoredObject> {
  const folders = await readdir(objects, { withFileTypes: true });
  for (const folder of folders.filter((entry) => entry.isDirectory())) {
    const path = join(objects, folder.name);
    // oxlint-disable-next-line no-await-in-loop -- one folder after the other
    const files: Dirent[] =
      (await readdir(path, { withFileTypes: true }).catch(unlessMissing)) ?? [];
    for (const { name } of files) {
      // oxlint-disable-next-line no-await-in-loop
      const found = await stat(join(path, name)).catch(unlessMissing);
      if (found?.isFile() === true) yield { name, at: found.mtimeMs };
    }
  }
}

/** A rename is on the disk when its folder is. */
async function flushFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

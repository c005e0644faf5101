import { createHash, randomUUID } from "node:crypto";
import { createReadStream, type ReadStream } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { macBytes } from "./media-crypto.ts";

/**
 * The encrypted media that clients and phones uploaded: files named by the hash of their bytes, in the data folder or, without
 * one, in a temporary folder that goes with the simulator. The oldest are forgotten when there are too many bytes.
 */
export interface MediaStore extends AsyncDisposable {
  /** Keeps the bytes under their hash. Rejects with {@link UnfitMedia}: too many, or not those that were `expected`. */
  keep(bytes: AsyncIterable<Buffer>, expected?: string): Promise<StoredMedia>;
  find(token: string): StoredMedia | undefined;
}

interface StoredMedia {
  /** URL-safe base64 of the SHA-256 of all bytes. */
  readonly token: string;
  readonly bytes: number;
  read(): ReadStream;
  /** All but the MAC at the end. */
  ciphertext(): ReadStream;
  mac(): Promise<Buffer>;
}

export class UnfitMedia extends Error {
  readonly status: 400 | 413;
  constructor(status: 400 | 413) {
    super(status === 413 ? "too many bytes" : "the bytes do not have this hash");
    this.status = status;
  }
}

export interface MediaStoreConfig {
  /** Absent: a temporary folder. */
  readonly dataDir?: string | undefined;
  /** Bytes of one file, and of all. */
  readonly mostBytes: number;
  readonly mostBytesKept: number;
}

const nameOfToken = /^[\w-]{43}$/;

export async function openMediaStore(config: MediaStoreConfig): Promise<MediaStore> {
  const folder =
    config.dataDir === undefined
      ? await mkdtemp(join(tmpdir(), "simulator-media-"))
      : join(config.dataDir, "media");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = await filesIn(folder);
  let total = [...kept.values()].reduce((sum, bytes) => sum + bytes, 0);

  async function forget(token: string): Promise<void> {
    total -= kept.get(token) ?? 0;
    kept.delete(token);
    await rm(join(folder, token), { force: true });
  }
  async function makeRoom(): Promise<void> {
    for (const token of kept.keys()) {
      if (total <= config.mostBytesKept || kept.size === 1) return;
      // eslint-disable-next-line no-await-in-loop -- one at a time, until there is room
      await forget(token);
    }
  }
  return {
    async keep(bytes, expected) {
      const draft = join(folder, `${randomUUID()}.draft`);
      try {
        const { token, size } = await writeDraft(draft, bytes, config.mostBytes);
        if (expected !== undefined && expected !== token) throw new UnfitMedia(400);
        await rename(draft, join(folder, token));
        total += size - (kept.get(token) ?? 0);
        kept.delete(token);
        kept.set(token, size);
        await makeRoom();
        return mediaAt(folder, token, size);
      } finally {
        await rm(draft, { force: true });
      }
    },
    find(token) {
      const size = kept.get(token);
      return size === undefined ? undefined : mediaAt(folder, token, size);
    },
    async [Symbol.asyncDispose]() {
      if (config.dataDir === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

function mediaAt(folder: string, token: string, bytes: number): StoredMedia {
  const path = join(folder, token);
  return {
    token,
    bytes,
    read: () => createReadStream(path),
    ciphertext: () => createReadStream(path, { end: bytes - macBytes - 1 }),
    async mac() {
      await using file = await open(path, "r");
      const mac = Buffer.alloc(macBytes);
      await file.read(mac, 0, macBytes, bytes - macBytes);
      return mac;
    },
  };
}

async function writeDraft(
  path: string,
  bytes: AsyncIterable<Buffer>,
  most: number,
): Promise<{ token: string; size: number }> {
  await using file = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > most) throw new UnfitMedia(413);
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  return { token: hash.digest("base64url"), size };
}

/** What an earlier process kept, oldest first; what it left half written goes. */
async function filesIn(folder: string): Promise<Map<string, number>> {
  const names = await readdir(folder);
  const drafts = names.filter((name) => !nameOfToken.test(name));
  await Promise.all(drafts.map((name) => rm(join(folder, name), { force: true })));
  const files = await Promise.all(
    names
      .filter((name) => nameOfToken.test(name))
      .map(async (name) => ({ name, found: await stat(join(folder, name)) })),
  );
  files.sort((a, b) => a.found.mtimeMs - b.found.mtimeMs);
  return new Map(files.map(({ name, found }) => [name, found.size]));
}

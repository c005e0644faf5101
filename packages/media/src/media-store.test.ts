import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { type MediaStore, MediaStoreError, type S3Bucket, sweepStore } from "./index.ts";
import type { SpooledFile } from "./media-store.ts";
import { openMediaStore } from "./media-place.ts";
import { openS3Server, signatureOf } from "./s3-server.test-bed.ts";

type Setup = AsyncDisposable & { readonly store: MediaStore };

async function setupFolder(): Promise<Setup & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "pombo-media-"));
  const store = await openMediaStore({ kind: "folder", folder });
  return {
    store,
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A bucket that checks signatures and hashes. */
async function setupBucket(over: Partial<S3Bucket> = {}): Promise<Setup> {
  const opened = new AsyncDisposableStack();
  const server = opened.use(await openS3Server());
  const folder = await mkdtemp(join(tmpdir(), "pombo-spool-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const bucket = { ...server.bucket, prefix: "media/", ...over };
  const store = await openMediaStore({ kind: "bucket", bucket, spool: join(folder, "spool") });
  return { store, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function spooled(store: MediaStore, bytes: Buffer): Promise<SpooledFile> {
  const path = join(store.spool, randomBytes(8).toString("hex"));
  await writeFile(path, bytes, { mode: 0o600 });
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function namesOf(store: MediaStore): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of store.list()) names.push(name);
  return names.toSorted();
}

describe.each([
  ["folder", setupFolder],
  ["bucket", () => setupBucket()],
])("a %s", (_, setup) => {
  test("gives back what it was given, byte by byte, under names of ours", async () => {
    await using t = await setup();
    const large = randomBytes(3_000_000);
    await t.store.keep("med_one-1a", await spooled(t.store, large));
    await t.store.keep("med_two-2b", await spooled(t.store, Buffer.from("small")));
    const stream = await t.store.read("med_one-1a");
    expect(stream && (await buffer(stream)).equals(large)).toBe(true);
    expect(await namesOf(t.store)).toEqual(["med_one-1a", "med_two-2b"]);
  });

  test("keeps a name once more without harm", async () => {
    await using t = await setup();
    await t.store.keep("med_one-1a", await spooled(t.store, Buffer.from("same")));
    await t.store.keep("med_one-1a", await spooled(t.store, Buffer.from("same")));
    const stream = await t.store.read("med_one-1a");
    expect(stream && (await buffer(stream)).toString()).toBe("same");
    expect(await namesOf(t.store)).toEqual(["med_one-1a"]);
  });

  test("knows nothing under a name that it never got, or that was removed, which may happen twice", async () => {
    await using t = await setup();
    expect(await t.store.read("med_never-1a")).toBeUndefined();
    await t.store.keep("med_one-1a", await spooled(t.store, Buffer.from("bytes")));
    await t.store.remove("med_one-1a");
    await t.store.remove("med_one-1a");
    expect(await t.store.read("med_one-1a")).toBeUndefined();
    expect(await namesOf(t.store)).toEqual([]);
  });

  test("loses in a sweep what has no record and is not new, and nothing else", async () => {
    await using t = await setup();
    for (const name of ["med_known-1a", "med_orphan-2b"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const file = await spooled(t.store, Buffer.from(name));
      // oxlint-disable-next-line no-await-in-loop
      await t.store.keep(name, file);
      // oxlint-disable-next-line no-await-in-loop
      await rm(file.path, { force: true });
    }
    const left = await spooled(t.store, Buffer.from("half"));
    const sweep = (at: number) =>
      sweepStore({
        store: t.store,
        known: async (names) => names.map((name) => name === "med_known-1a"),
        orphanMs: 3_600_000,
        now: () => at,
      });
    expect(await sweep(Date.now())).toBe(0);
    const early = new Date(Date.now() - 3_601_000);
    await utimes(left.path, early, early);
    expect(await sweep(Date.now() + 3_605_000)).toBe(2);
    expect(await namesOf(t.store)).toEqual(["med_known-1a"]);
    expect(await readdir(t.store.spool)).toEqual([]);
  });
});

test("files may be read by their owner only", async () => {
  await using t = await setupFolder();
  await t.store.keep("med_one-1a", await spooled(t.store, Buffer.from("bytes")));
  const { mode } = await stat(join(t.folder, "objects", "1a", "med_one-1a"));
  expect(mode & 0o777).toBe(0o600);
});

test("a bucket that doesn't know our secret says so", async () => {
  await using t = await setupBucket({ secretAccessKey: "another" });
  const file = await spooled(t.store, Buffer.from("bytes"));
  await expect(t.store.keep("med_one-1a", file)).rejects.toThrow(
    "refused to keep: 403 SignatureDoesNotMatch",
  );
});

test("bytes that changed on their way are not kept", async () => {
  await using t = await setupBucket();
  const file = await spooled(t.store, Buffer.from("bytes"));
  await writeFile(file.path, "byteZ");
  await expect(t.store.keep("med_one-1a", file)).rejects.toThrow(
    "refused to keep: 400 XAmzContentSHA256Mismatch",
  );
  expect(await namesOf(t.store)).toEqual([]);
});

test("a bucket that is away is told apart from bytes that are wrong", async () => {
  const spool = await mkdtemp(join(tmpdir(), "pombo-spool-"));
  const away = {
    endpoint: "http://127.0.0.1:1",
    bucket: "b",
    region: "r",
    accessKeyId: "a",
    secretAccessKey: "s",
  };
  const store = await openMediaStore({ kind: "bucket", bucket: away, spool });
  await expect(store.read("med_one-1a")).rejects.toThrow(MediaStoreError);
  await rm(spool, { recursive: true });
});

test("a bucket is listed page after page", async () => {
  await using t = await setupBucket();
  const names = Array.from({ length: 7 }, (_, index) => `med_${index}-1a`);
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await t.store.keep(name, await spooled(t.store, Buffer.from(name)));
  }
  expect(await namesOf(t.store)).toEqual(names);
});

test("the bucket of these tests computes a signature as its inventor published it", () => {
  const headers = {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "x-amz-date": "20130524T000000Z",
  };
  const request = { method: "GET", path: "/test.txt", query: new URLSearchParams(), headers };
  const scope = { date: "20130524", region: "us-east-1", signed: Object.keys(headers) };
  expect(signatureOf(request, scope, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")).toBe(
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  );
});

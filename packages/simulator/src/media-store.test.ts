import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { flawOf, mediaKeysOf, openMedia, sealMedia, type MediaSeal } from "./media-crypto.ts";
import { openMediaStore, UnfitMedia } from "./media-store.ts";

const limits = { mostBytes: 1_000, mostBytesKept: 2_000 };

function setup() {
  const dataDir = mkdtempSync(join(tmpdir(), "simulator-store-"));
  return { dataDir, [Symbol.dispose]: () => rmSync(dataDir, { recursive: true }) };
}

async function* once(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

async function all(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const found: Buffer[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return Buffer.concat(found);
}

test("what is kept survives the process; what was half written does not", async () => {
  using place = setup();
  const bytes = randomBytes(500);
  const first = await openMediaStore({ ...limits, dataDir: place.dataDir });
  const { token } = await first.keep(once(bytes));
  expect(token).toBe(createHash("sha256").update(bytes).digest("base64url"));
  await first[Symbol.asyncDispose]();
  const draft = join(place.dataDir, "media", "torn.draft");
  writeFileSync(draft, "half");
  await using second = await openMediaStore({ ...limits, dataDir: place.dataDir });
  const found = second.find(token);
  expect(found && (await all(found.read()))).toEqual(bytes);
  expect(existsSync(draft)).toBe(false);
});

test("too many bytes and other bytes than promised are refused, and nothing of them is kept", async () => {
  await using store = await openMediaStore(limits);
  await expect(store.keep(once(randomBytes(1_001)))).rejects.toEqual(new UnfitMedia(413));
  const promised = createHash("sha256").update("promised").digest("base64url");
  await expect(store.keep(once(randomBytes(10)), promised)).rejects.toEqual(new UnfitMedia(400));
  expect(store.find(promised)).toBeUndefined();
});

test("the oldest give way when there are too many", async () => {
  await using store = await openMediaStore(limits);
  const tokens: string[] = [];
  // eslint-disable-next-line no-await-in-loop -- one after the other
  for (let at = 0; at < 3; at++) tokens.push((await store.keep(once(randomBytes(900)))).token);
  expect(tokens.map((token) => store.find(token) !== undefined)).toEqual([false, true, true]);
});

test("the folder of a store without a data folder goes with it", async () => {
  const store = await openMediaStore(limits);
  const kept = await store.keep(once(Buffer.from("x")));
  const { path } = kept.read();
  await store[Symbol.asyncDispose]();
  expect(existsSync(String(path))).toBe(false);
});

test("a flaw is named: other bytes, another length, another key", async () => {
  await using store = await openMediaStore(limits);
  const plaintext = randomBytes(300);
  const sealing = sealMedia("image");
  const kept = await store.keep(sealing.encrypt([plaintext]));
  const seal = sealing.seal();
  const flaw = async (changes: Partial<MediaSeal>): Promise<string | undefined> => {
    const changed = { ...seal, ...changes };
    const keys = mediaKeysOf(Buffer.from(changed.media_key, "base64"), "image");
    return flawOf({ ciphertext: () => kept.ciphertext(), mac: await kept.mac() }, keys, changed);
  };
  expect(await flaw({})).toBeUndefined();
  const keys = mediaKeysOf(Buffer.from(seal.media_key, "base64"), "image");
  expect(await all(openMedia(kept.ciphertext(), keys))).toEqual(plaintext);
  expect(await flaw({ size: 299 })).toContain("300 bytes");
  expect(await flaw({ file_sha256: "AAAA" })).toContain("hash");
  expect(await flaw({ media_key: randomBytes(32).toString("base64") })).toMatch(/decrypt|MAC/);
});

import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { MediaId } from "@pombo/domain";
import sharp from "sharp";
import { expect, test } from "vitest";
import { receive } from "./index.ts";
import { film, openTestStore, picture, voice } from "./media-fixture.ts";

const id = "med_0123456789abcdef" as MediaId;
const plain = { id, limitBytes: 10_000_000, declaredTypes: [] };

test("what was received is kept as it came, and described", async () => {
  await using t = await openTestStore();
  const bytes = await picture("jpeg");
  const received = await receive({ ...plain, kind: "image", body: Readable.from([bytes]) }, t.room);
  if (received.kind !== "received") throw new Error(received.reason);
  const { facts } = received;
  expect(facts).toMatchObject({
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    mimeType: "image/jpeg",
    width: 320,
    height: 240,
  });
  const stream = await t.store.read(facts.object);
  expect(stream && (await buffer(stream)).equals(bytes)).toBe(true);
  const thumbnail = Buffer.from(facts.thumbnail ?? "", "base64");
  expect(await sharp(thumbnail).metadata()).toMatchObject({
    format: "jpeg",
    width: 72,
    height: 54,
  });
  expect(thumbnail.length).toBeLessThan(3_000);
  expect(await readdir(t.store.spool)).toEqual([]);
});

test.each([
  ["video", film, { mimeType: "video/mp4", seconds: 3, width: 320, height: 240 }],
  ["audio", voice, { mimeType: "audio/ogg; codecs=opus", seconds: 2 }],
  ["sticker", () => picture("webp", 512, 512), { mimeType: "image/webp", width: 512 }],
  ["image", () => picture("png"), { mimeType: "image/png", width: 320 }],
] as const)(
  "%s: type, dimensions and duration are read from the bytes",
  async (kind, make, facts) => {
    await using t = await openTestStore();
    const body = Readable.from([await make()]);
    expect(await receive({ ...plain, kind, body }, t.room)).toMatchObject({
      kind: "received",
      facts,
    });
  },
);

test("media that is damaged inside is kept all the same: only its looks are missing", async () => {
  await using t = await openTestStore();
  const body = Readable.from([(await film()).subarray(0, 400), Buffer.alloc(50_000)]);
  const received = await receive({ ...plain, kind: "video", body }, t.room);
  expect(received).toMatchObject({ kind: "received", facts: { bytes: 50_400 } });
});

test("more bytes than allowed end the stream where they cross the limit, and leave nothing behind", async () => {
  await using t = await openTestStore();
  let given = 0;
  async function* endless(): AsyncIterable<Uint8Array> {
    for (; given < 1_000; given += 1) yield Buffer.alloc(10_000);
  }
  const received = await receive({ ...plain, limitBytes: 100_000, body: endless() }, t.room);
  expect(received).toEqual({ kind: "too-large", reason: "it is larger than 100000 bytes" });
  expect(given).toBeLessThan(100);
  expect(await readdir(t.store.spool)).toEqual([]);
});

test.each([
  ["nothing at all", Buffer.alloc(0), "it is empty"],
  [
    "a text",
    Buffer.from("<html>not found</html>"),
    "the bytes are of no known type, which is no image",
  ],
])("%s is no image, and is not kept", async (_, bytes, reason) => {
  await using t = await openTestStore();
  const received = await receive({ ...plain, kind: "image", body: Readable.from([bytes]) }, t.room);
  expect(received).toEqual({ kind: "refused", reason });
  expect(await readdir(t.store.spool)).toEqual([]);
  for await (const kept of t.store.list()) expect(kept).toBeUndefined();
});

test("a stream that breaks is an error of the stream, and leaves nothing behind", async () => {
  await using t = await openTestStore();
  async function* breaking(): AsyncIterable<Uint8Array> {
    yield Buffer.alloc(10);
    throw new Error("cut");
  }
  await expect(receive({ ...plain, body: breaking() }, t.room)).rejects.toThrow("cut");
  expect(await readdir(t.store.spool)).toEqual([]);
});

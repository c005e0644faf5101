import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type MediaId, type MediaKind, MEDIA_KINDS, mintMessageId } from "@pombo/domain";
import type { Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";

const TO = "15550150001";
let simulator: Simulator;
let paired: TestDevice;

beforeAll(async () => {
  simulator = await openTestSimulator();
  paired = testDevice(simulator);
  await pair(simulator, paired, "15550150000");
});
afterAll(async () => {
  await paired.device[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

function upload(kind: MediaKind, bytes: Buffer) {
  return paired.device.upload({ kind, bytes: Readable.from([bytes]) });
}

async function uploaded(kind: MediaKind, bytes: Buffer) {
  const outcome = await upload(kind, bytes);
  if (outcome.kind === "failed") throw new Error(outcome.failure.detail);
  const media = { id: "med_0123456789abcdef" as MediaId };
  return { kind, media, uploaded: { ...outcome.file, mimeType: "application/x-test" } };
}

async function shown(id: string): Promise<Buffer> {
  await paired.told.untilProven(id, "delivered");
  return buffer(Readable.from((await simulator.mediaOf(TO, id)).bytes));
}

test.each(MEDIA_KINDS)("%s: the phone decrypts the very bytes", async (kind) => {
  const bytes = randomBytes(100_001);
  const id = mintMessageId(randomBytes(9));
  const content = await uploaded(kind, bytes);
  expect(await paired.send(TO, content, { id })).toMatchObject({ kind: "acked" });
  expect((await shown(id)).equals(bytes)).toBe(true);
});

test("one upload serves many messages", async () => {
  const bytes = randomBytes(5_000);
  const { last } = simulator.log();
  const content = await uploaded("image", bytes);
  for (const id of [mintMessageId(randomBytes(9)), mintMessageId(randomBytes(9))]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await paired.send(TO, content, { id });
    // oxlint-disable-next-line no-await-in-loop
    expect((await shown(id)).equals(bytes)).toBe(true);
  }
  const { entries } = simulator.log(last);
  expect(entries.filter(({ kind, type }) => kind === "media" && type === "upload")).toHaveLength(1);
});

test("an upload that no host takes fails before anything is sent, and leaves no file behind", async () => {
  const before = await readdir(tmpdir());
  simulator.addFault({ on: "media", action: { http_status: 503 }, times: 5 });
  expect(await upload("image", randomBytes(500))).toMatchObject({
    kind: "failed",
    failure: { code: "MEDIA_UPLOAD_FAILED" },
  });
  const left = (await readdir(tmpdir())).filter((name) => name.endsWith("-enc"));
  expect(left.filter((name) => !before.includes(name))).toEqual([]);
});

test("without a connection nothing is uploaded", async () => {
  await using away = testDevice(simulator).device;
  const outcome = await away.upload({ kind: "image", bytes: Readable.from([randomBytes(5)]) });
  expect(outcome).toMatchObject({ kind: "failed", failure: { code: "DEVICE_NOT_READY" } });
});

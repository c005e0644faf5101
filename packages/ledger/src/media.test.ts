import type { MediaId, MessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { carriedBy, type MediaRecord, type MediaUpload } from "./media.ts";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const ID = "med_0123456789abcdef" as MediaId;
const NOW = 1_700_000_000_000;
const RECORD: MediaRecord = {
  id: ID,
  object: `${ID}-01`,
  bytes: 3,
  sha256: "ab",
  mimeType: "image/png",
  keyId: "key_1",
  devices: "*",
  createdAt: NOW,
};
const UPLOAD: MediaUpload = {
  url: "https://x/y",
  directPath: "/y",
  mediaKey: "AA==",
  fileEncSha256: "AA==",
  fileSha256: "AA==",
  fileLength: 3,
  mediaKeyTimestamp: 1_700_000_000,
  mimeType: "image/png",
};
const CONTENT = { kind: "image", media: { id: ID, url: "https://example.com/a" } } as const;

type Setup = Awaited<ReturnType<typeof setup>>;

async function feed(t: Setup, id: MessageId): Promise<number> {
  const fed = await t.feed(t.own, { pick: id });
  if (fed.kind !== "fed") throw new Error(`not fed: ${fed.kind}`);
  return fed.feed;
}

/** A message with media in the window of its lane. */
async function inWindow(t: Setup) {
  const message = newMessage({ content: CONTENT });
  await t.ledger.accept(message);
  await t.ledger.rememberRecipient(message.recipient, {});
  const fed = await feed(t, message.id);
  const begin = (token = "t1") =>
    t.ledger.begin(t.own, {
      messageId: message.id,
      feed: fed,
      token,
      now: NOW,
      connectedSince: 0,
    });
  const wait = (begins = true, until = NOW + 100) =>
    t.ledger.awaitMedia(t.own, { messageId: message.id, feed: fed, until, begins });
  return { id: message.id, recipient: message.recipient, begin, wait };
}

test("the first record of media counts, and it is kept for so long after its last use", async () => {
  await using t = await setup({ media_kept_ms: 100 });
  expect(await t.ledger.keepMedia(RECORD, NOW)).toEqual(RECORD);
  expect(await t.ledger.keepMedia({ ...RECORD, object: `${ID}-02` }, NOW)).toEqual(RECORD);
  expect(await t.ledger.knownObjects([`${ID}-01`, `${ID}-02`, "med_x-1"])).toEqual([
    true,
    false,
    false,
  ]);
  expect(await t.ledger.useMedia(ID, NOW + 50)).toEqual(RECORD);
  expect(await t.ledger.useMedia(ID, NOW + 10)).toEqual(RECORD);
  expect(await t.ledger.dropOldMedia(NOW + 149, 10)).toEqual([]);
  expect(await t.ledger.dropOldMedia(NOW + 150, 10)).toEqual([RECORD]);
  expect(await t.ledger.findMedia(ID)).toBeUndefined();
  expect(await t.ledger.useMedia(ID, NOW)).toBeUndefined();
  expect(await t.ledger.dropMedia(ID)).toBeUndefined();
});

test("a message goes only when its device has uploaded what it carries, and then brings the upload along", async () => {
  await using t = await setup();
  const { begin } = await inWindow(t);
  expect(await begin()).toMatchObject({ kind: "media", content: CONTENT, number: 0 });
  await t.ledger.keepUpload(DEVICE, { id: ID, kind: "document" }, UPLOAD);
  expect(await begin()).toMatchObject({ kind: "media" });
  const carried = carriedBy(CONTENT);
  if (carried === undefined) throw new Error("nothing carried");
  await t.ledger.keepUpload(DEVICE, carried, UPLOAD);
  expect(await begin()).toMatchObject({ kind: "go", upload: UPLOAD, number: 1 });
  expect(await begin()).toMatchObject({ kind: "go", upload: UPLOAD, number: 1 });
});

test("while its media is made ready a message waits outside the lane, before the others of its recipient", async () => {
  await using t = await setup();
  const { id, recipient, wait } = await inWindow(t);
  const behind = newMessage({ recipient });
  await t.ledger.accept(behind);
  expect(await wait()).toEqual({ kind: "waits", begun: 1 });
  expect(await wait()).toEqual({ kind: "waits", begun: 1 }); // the same command, sent again
  expect(await wait(true, NOW + 200)).toEqual({ kind: "ghost" });
  const view = await t.ledger.viewMessage(id, NOW);
  expect(view?.message).toMatchObject({ status: "queued", place: "due", version: 1 });
  expect(view?.wait).toMatchObject({ blockedBy: "media", eta: NOW + 100 });
  expect(await t.redis.sismember(t.keys.gate(DEVICE, recipient), id)).toBe(1);
  expect(await t.redis.hlen(t.keys.window(DEVICE))).toBe(0);
  await t.ledger.mediaReady(t.own, id);
  await t.ledger.mediaReady(t.own, id);
  expect((await t.ledger.findMessage(id))?.place).toBe("backlog");
});

test("work on media that never ends is counted, work that ends is not", async () => {
  await using t = await setup();
  const { id, wait } = await inWindow(t);
  const again = async (begins: boolean, at: number) => {
    const number = await feed(t, id);
    return t.ledger.awaitMedia(t.own, { messageId: id, feed: number, until: at, begins });
  };
  expect(await wait()).toMatchObject({ begun: 1 });
  await t.ledger.serveDue(NOW + 100, 10);
  expect(await again(false, NOW + 200)).toMatchObject({ begun: 1 });
  await t.ledger.serveDue(NOW + 200, 10);
  expect(await again(true, NOW + 300)).toMatchObject({ begun: 2 });
  await t.ledger.mediaReady(t.own, id);
  expect(await again(true, NOW + 400)).toMatchObject({ begun: 1 });
  const failure = { code: "MEDIA_UPLOAD_FAILED", detail: "x" } as const;
  const outcome = { to: "queued", now: NOW, failure, count: 1 } as const;
  await t.ledger.settle(t.own, id, { ...outcome, wait: { kind: "due", at: NOW + 500 } });
  await t.ledger.serveDue(NOW + 500, 10);
  expect(await again(true, NOW + 600)).toMatchObject({ begun: 1 });
});

test("a letter that is redriven with another file goes when that one is uploaded", async () => {
  await using t = await setup();
  const { id } = await inWindow(t);
  const failure = { code: "MEDIA_UNACCEPTABLE", detail: "x" } as const;
  await t.ledger.settle(t.own, id, { to: "failed", now: NOW, failure });
  const edited = { ...CONTENT, media: { id: "med_another0000000000" as typeof ID } };
  expect(await t.ledger.redrive(id, NOW, edited)).toMatchObject({ kind: "redriven" });
  const carried = carriedBy(edited);
  if (carried === undefined) throw new Error("nothing carried");
  await t.ledger.keepUpload(DEVICE, carried, UPLOAD);
  const begun = await t.ledger.begin(t.own, {
    messageId: id,
    feed: await feed(t, id),
    token: "t",
    alone: false,
    now: NOW,
    connectedSince: 0,
  });
  expect(begun).toMatchObject({ kind: "go", content: edited, upload: UPLOAD });
});

test("a message that was canceled meanwhile stays so", async () => {
  await using t = await setup();
  const { id, wait } = await inWindow(t);
  await wait();
  await t.ledger.cancel(id, NOW);
  await t.ledger.mediaReady(t.own, id);
  expect(await t.ledger.findMessage(id)).toMatchObject({ status: "canceled", place: "" });
});

test("who lost the lease decides nothing about media that waits", async () => {
  await using t = await setup();
  const { id, wait } = await inWindow(t);
  await t.ledger.drop("worker-1", t.own);
  await t.ledger.take(DEVICE, "worker-2");
  expect(await wait()).toEqual({ kind: "fenced" });
  await t.ledger.mediaReady(t.own, id);
  expect((await t.ledger.findMessage(id))?.place).toBe("window");
});

test("while its media is made ready a message takes no place of the day", async () => {
  await using t = await setup({ pace_daily_cap: 5, pace_cold_daily_cap: 3 });
  const { wait } = await inWindow(t);
  const left = async () => (await t.ledger.peek(DEVICE, NOW)).budget;
  expect(await left()).toMatchObject({ left: 4, coldLeft: 2 });
  await wait();
  await wait();
  expect(await left()).toMatchObject({ left: 5, coldLeft: 3 });
});

test("a picture that waits for its media does not probe: the next cold message may", async () => {
  await using t = await setup();
  const message = newMessage({ content: CONTENT });
  await t.ledger.accept(message);
  await t.redis.hset(t.keys.lane(DEVICE), "held_until", NOW - 1, "holds", 1);
  const pick = { id: message.id, cold: true, probe: true, owed: false, passedOver: 0 };
  const order = { gated: [], held: [], later: [], now: NOW, pace: t.pace, jitter: 0, pick };
  const fed = await t.ledger.feed(t.own, order);
  if (fed.kind !== "fed") throw new Error("not fed");
  expect((await t.ledger.peek(DEVICE, NOW)).hold).toMatchObject({ probing: true });
  const job = { messageId: message.id, feed: fed.feed, until: NOW + 100, begins: true };
  await t.ledger.awaitMedia(t.own, job);
  expect((await t.ledger.peek(DEVICE, NOW)).hold).toMatchObject({ probing: false });
});

test("while its media is made ready a message takes nothing of the lane's pace", async () => {
  await using t = await setup({ pace_gap_ms: 1_000 });
  const { wait } = await inWindow(t);
  expect((await t.ledger.peek(DEVICE, NOW)).paceAt).toBe(NOW + 1_000);
  await wait();
  expect((await t.ledger.peek(DEVICE, NOW)).paceAt).toBeLessThanOrEqual(NOW);
});

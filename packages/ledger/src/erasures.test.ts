import {
  type BatchSettings,
  type EndpointId,
  ERASED,
  type InboundMessage,
  type MediaId,
  mintBatchId,
  mintMediaId,
  type PackedRow,
} from "@pombo/domain";
import { randomBytes } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { receivedMediaId } from "./media.ts";
import type { NewMessage } from "./accept.ts";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

type Bed = Awaited<ReturnType<typeof setup>>;

const NOW = 1_700_000_000_000;
const ANA = "5511900000002";
const LID = "7000000000077@lid";
/** Under which she was known once. */
const OLD_LID = "7000000000076@lid";
/** Her number is a part of his: nothing of his may go. */
const BEN = `1${ANA}`;
const ENDPOINT = "wh_0123456789abcdef" as EndpointId;
const by = { owner: "worker-1#1", now: NOW + 5_000 };

const BATCH: BatchSettings = {
  from: DEVICE,
  template: { kind: "text", text: "Hello {{name}}" },
  priority: "bulk",
  dedupe: "none",
  onInvalid: "skip",
  start: "complete",
};

const toAna = (over: Partial<NewMessage> = {}) =>
  newMessage({ recipient: ANA, content: { kind: "text", text: "dear Ana" }, ...over });

function written(id: string, over: Partial<InboundMessage> = {}): InboundMessage {
  return { id, chat: ANA, from: ANA, at: NOW, kind: "text", text: "Ana writes", ...over };
}

async function finish({ ledger }: Pick<Bed, "ledger">, id: string, owner = by.owner) {
  for (let step = 0; step < 200; step += 1)
    // oxlint-disable-next-line no-await-in-loop -- step by step
    if ((await ledger.stepOperation(id, { ...by, owner })) === "done")
      return ledger.findOperation(id);
  throw new Error("it has no end");
}

/** Names and values of all keys, as text; packed rows unpacked. */
async function everything({ redis }: Pick<Bed, "redis">): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const names = (await redis.keys("*")).toSorted();
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    found.set(name, JSON.stringify(await valueOf(redis, name)));
  }
  return found;
}

async function valueOf(redis: Bed["redis"], name: string): Promise<unknown> {
  if (name.includes(":rows:")) {
    const chunks = await redis.hgetallBuffer(name);
    return Object.values(chunks).map((bytes) => String(inflateRawSync(bytes)));
  }
  switch (await redis.type(name)) {
    case "string":
      return redis.get(name);
    case "hash":
      return redis.hgetall(name);
    case "list":
      return redis.lrange(name, 0, -1);
    case "set":
      return redis.smembers(name);
    case "zset":
      return redis.zrange(name, "0", "-1", "WITHSCORES");
    case "stream":
      return redis.xrange(name, "-", "+");
    default:
      throw new Error(`what is ${name}?`);
  }
}

/** The keys that hold a trace of her. */
async function traces(t: Pick<Bed, "redis">): Promise<readonly string[]> {
  const trace = /(?<!\d)5511900000002(?!\d)|700000000007[67]|dear Ana|Ana writes/;
  return [...(await everything(t))].flatMap(([name, value]) =>
    trace.test(name) || trace.test(value) ? [name] : [],
  );
}

/** Whatever a life with her leaves behind. */
async function live(t: Bed) {
  const { ledger, own } = t;
  await ledger.rememberRecipient(ANA, { lid: OLD_LID });
  const sealed = [`session:${ANA}.0`, `session:7000000000077_1.12`, `lid-mapping:${ANA}`];
  const bytes = new Map(sealed.map((name) => [name, Buffer.from("sealed")]));
  await ledger.credentials(own).write({ set: bytes, remove: [] });
  await ledger.trust(DEVICE, OLD_LID, NOW + 1e9);
  await ledger.trust(DEVICE, LID, NOW + 1e9);
  await ledger.warmUp(DEVICE, ANA, NOW + 1e9);
  await t.redis.set(t.keys.stick("pool_1", ANA), DEVICE);
  await t.redis.zadd(t.keys.talks(LID), NOW, DEVICE);
  await t.redis.zadd(t.keys.talks(ANA), NOW, DEVICE);
  const sent = toAna({ clientRef: "Ana", metadata: { number: ANA } });
  const body = JSON.stringify({ success: true, chat_jid: `${ANA}@s.whatsapp.net` });
  const answer = { status: 202, headers: {}, body };
  await ledger.accept(sent, { digest: "d1", token: "t1", fingerprint: "f1", answer });
  await t.begin(sent.id);
  await ledger.recordEvidence(DEVICE, { messageId: sent.id, proves: "sent", now: NOW + 200 });

  const failed = toAna();
  await ledger.accept(failed);
  const refused = { code: "SEND_REJECTED", detail: `${ANA} was refused` } as const;
  await ledger.settle(own, failed.id, { to: "failed", now: NOW, failure: refused });

  const scheduled = toAna({ sendAt: NOW + 1e9, expiresAt: NOW + 2e9 });
  const sending = toAna();
  const waiting = toAna();
  for (const message of [scheduled, sending])
    // oxlint-disable-next-line no-await-in-loop
    await ledger.accept(message);
  await t.begin(sending.id);
  await ledger.accept(waiting);
  await ledger.rememberRecipient(ANA, { lid: LID });

  await ledger.receive(DEVICE, written("A1"), NOW);
  await ledger.receive(DEVICE, written("A2", { chat: LID, from: LID, author: LID }), NOW);
  const group = "120363039000000000@g.us";
  await ledger.receive(DEVICE, written("A3", { chat: group, mentions: [ANA] }), NOW);
  return { sent, failed, scheduled, sending, waiting };
}

test.each([{}, { twice: true as const }])(
  "after an erasure nothing that is kept holds the number, the LID or a text: %j",
  async (how) => {
    await using t = await setup({}, how);
    const { ledger } = t;
    const { sent, failed, scheduled, sending, waiting } = await live(t);
    await ledger.createEndpoint({
      id: ENDPOINT,
      url: "https://example.com/in",
      secret: "whsec_one",
      description: "",
      events: ["*"],
      devices: "*",
      keyId: "key_1",
      now: NOW,
    });
    const told = { delivery: "1-0", type: "message.received", body: `{"from":"${ANA}"}` };
    await ledger.redeliver(ENDPOINT, told, NOW);
    const delivered = { endpointId: ENDPOINT, delivery: "2-0" };
    await ledger.redeliver(ENDPOINT, { ...delivered, type: "message.sent", body: "{}" }, NOW);
    await ledger.beginDelivery(delivered, { now: NOW, ends: NOW + 1 });
    const answered = { status: 200, excerpt: `no order of ${ANA}`, tookMs: 1, restMs: 1 };
    const verdict = { kind: "delivered" } as const;
    await ledger.settleDelivery({ ...delivered, tries: 1, now: NOW, verdict, ...answered });

    await ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
    const done = await finish(t, "op_1");
    expect(done).toMatchObject({ kind: "erase", state: "done", failed: 0 });
    expect(done?.total).toBe((done?.done ?? 0) + (done?.skipped ?? 0));
    expect(await traces(t)).toEqual([]);
    expect(await ledger.runningOperations(5)).toEqual([]);

    for (const { id } of [sent, failed]) expect(await ledger.findMessage(id)).toBeUndefined();
    const canceled = { status: "canceled", recipient: ERASED, place: "" };
    for (const { id } of [scheduled, waiting])
      // oxlint-disable-next-line no-await-in-loop
      expect(await ledger.findMessage(id)).toMatchObject(canceled);
    expect(await ledger.findMessage(sending.id)).toMatchObject({
      status: "failed",
      lastError: { code: "OUTCOME_UNKNOWN" },
      mayHaveLeft: true,
      recipient: ERASED,
    });
    for (const index of ["gate", "waiting", "aside"])
      // oxlint-disable-next-line no-await-in-loop
      expect(await t.redis.keys(`*:${index}:*`)).toEqual([]);
    expect(await t.redis.zrange(t.keys.due(), "0", "-1")).toEqual([]);
    expect(await ledger.letterIds({ limit: 10 })).toEqual([]);
    expect(await ledger.listReceived(DEVICE, { limit: 10 })).toEqual([]);
    expect(await ledger.openDeliveries(ENDPOINT)).toEqual([]);
  },
);

test("late evidence, a late outcome and a repeated request meet what is left", async () => {
  await using t = await setup();
  const { ledger } = t;
  const { sent, sending } = await live(t);
  await ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  await finish(t, "op_1");

  const late = { to: "queued", now: NOW + 6_000, token: "t1", wait: { kind: "backlog" } } as const;
  expect(await ledger.settle(t.own, sending.id, late)).toMatchObject({ kind: "refused" });
  const ack = { messageId: sending.id, proves: "delivered", now: NOW + 6_000 } as const;
  expect(await ledger.recordEvidence(DEVICE, ack)).toMatchObject({ kind: "settled" });
  expect(await ledger.findMessage(sending.id)).toMatchObject({ status: "delivered" });
  const old = { messageId: sent.id, proves: "read", now: NOW + 6_000 } as const;
  expect(await ledger.recordEvidence(DEVICE, old)).toEqual({ kind: "absent" });

  const claim = { digest: "d1", token: "t2", fingerprint: "f1" };
  const again = await ledger.accept(toAna(), claim);
  expect(again).toMatchObject({ kind: "joined", messageId: sent.id });
  expect(again.kind === "joined" && again.answer?.body).toContain(`${ERASED}@s.whatsapp.net`);
});

test("what is about others stays as it was", async () => {
  await using t = await setup();
  const { ledger } = t;
  await ledger.rememberRecipient(BEN, { lid: "8@lid" });
  await ledger.warmUp(DEVICE, BEN, NOW + 1e9);
  const message = newMessage({ recipient: BEN, sendAt: NOW + 1e9 });
  await ledger.accept(message);
  await ledger.receive(DEVICE, written("B1", { chat: BEN, from: BEN, text: "Ben writes" }), NOW);
  await ledger.addSuppressions([{ recipient: BEN, reason: "manual" }], { by: "key_1", now: NOW });
  const before = await everything(t);

  await live(t);
  await ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  await finish(t, "op_1");
  const after = await everything(t);
  const shared = /:(?:events|sequence|outbox|pulse|idempotency|lease|leases)(?::|$)/;
  for (const [name, value] of before) if (!shared.test(name)) expect(after.get(name)).toBe(value);
  expect(await t.events(message.id)).toEqual(["message.scheduled"]);
});

test("a message to somebody else that names her loses its content once it is settled, not before", async () => {
  await using t = await setup();
  const { ledger } = t;
  const contact = { kind: "contact", contact: { name: "Ana", phone: ANA } } as const;
  const settled = newMessage({ recipient: BEN, content: contact as never });
  const open = newMessage({ recipient: BEN, content: contact as never, sendAt: NOW + 1e9 });
  await ledger.accept(settled);
  await ledger.accept(open);
  await ledger.cancel(settled.id, NOW);
  await ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  expect(await finish(t, "op_1")).toMatchObject({ state: "done", failed: 1 });
  const empty = { recipient: BEN, content: { kind: "text", text: "" } };
  expect(await ledger.findMessage(settled.id)).toMatchObject(empty);
  expect(await ledger.findMessage(open.id)).toMatchObject({
    status: "scheduled",
    content: contact,
  });
});

test("a suppression survives as a digest: it stops sends, is found and can be removed, and is not listed", async () => {
  await using t = await setup();
  const { ledger } = t;
  await ledger.rememberRecipient(ANA, { lid: LID });
  const list = [ANA, LID, "5511900000003"].map(
    (recipient) => ({ recipient, reason: "opt_out" }) as const,
  );
  await ledger.addSuppressions(list, { by: "key_1", now: NOW });
  await ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  expect((await ledger.suppressedOf([ANA], "bulk")).has(ANA)).toBe(true);
  await finish(t, "op_1");
  expect(await traces(t)).toEqual([]);

  expect(await ledger.accept(toAna())).toEqual({ kind: "suppressed" });
  expect(await ledger.accept(toAna({ priority: "otp" }))).toMatchObject({ kind: "accepted" });
  const told = { recipient: ANA, reason: "opt_out", at: NOW, by: "", erased: true };
  expect(await ledger.findSuppression(ANA)).toEqual(told);
  const { found } = await ledger.listSuppressions({ limit: 10 });
  expect(found.map(({ recipient }) => recipient)).toEqual(["5511900000003"]);
  expect(await ledger.removeSuppression(ANA, NOW)).toBe(true);
  expect(await ledger.accept(toAna())).toMatchObject({ kind: "accepted" });
});

test("a worker that dies in the middle is followed by another, and the end is the same", async () => {
  await using t = await setup();
  await live(t);
  const many = Array.from({ length: 700 }, (_, index) => String(5_521_900_000_000 + index));
  for (const number of many) void t.ledger.rememberRecipient(number, {});
  await t.ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  for (let step = 0; step < 3; step += 1)
    // oxlint-disable-next-line no-await-in-loop
    expect(await t.ledger.stepOperation("op_1", by)).toBe("running");
  const other = { owner: "worker-2#1", now: by.now };
  expect(await t.ledger.stepOperation("op_1", other)).toBe("busy");
  expect(await t.ledger.stepOperation("op_1", { ...other, now: by.now + 60_000 })).toBe("running");
  const progress = await t.ledger.findOperation("op_1");
  expect(progress).toMatchObject({ state: "running" });
  expect(progress?.skipped).toBeGreaterThan(0);
  expect(await finish(t, "op_1", "worker-2#1")).toMatchObject({ state: "done" });
  expect(await traces(t)).toEqual([]);
});

test("one that fails names nobody either", async () => {
  await using t = await setup();
  await t.ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  await t.ledger.failOperation("op_1", "INTERNAL_ERROR", NOW);
  expect(await t.ledger.findOperation("op_1")).toMatchObject({ state: "failed" });
  expect(await t.ledger.stepOperation("op_1", by)).toBe("done");
  expect(await traces(t)).toEqual([]);
});

test("what is written while an erasure goes on is erased too", async () => {
  await using t = await setup();
  await t.ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  let written_ = 0;
  for (let step = 0; step < 200; step += 1) {
    // oxlint-disable-next-line no-await-in-loop
    if (step < 4) await t.ledger.receive(DEVICE, written(`A${(written_ += 1)}`), NOW);
    // oxlint-disable-next-line no-await-in-loop
    if ((await t.ledger.stepOperation("op_1", by)) === "done") break;
  }
  expect(written_).toBe(4);
  expect(await traces(t)).toEqual([]);
});

test("her files are given up, files that others carry too are kept", async () => {
  await using t = await setup();
  const keep = async (id: MediaId): Promise<MediaId> => {
    const facts = { object: `${id}-1`, bytes: 1, sha256: "ab", mimeType: "image/png" };
    await t.ledger.keepMedia({ id, ...facts, keyId: "key_1", devices: "*", createdAt: NOW }, NOW);
    return id;
  };
  const mint = () => keep(mintMediaId(randomBytes(16)));
  const [hers, shared] = [await mint(), await mint()];
  const hersToo = await keep(receivedMediaId(DEVICE, "A1"));
  const image = (id: MediaId) => ({ kind: "image", media: { id } }) as const;
  await t.ledger.accept(toAna({ content: image(hers) }));
  await t.ledger.accept(toAna({ content: image(shared) }));
  await t.ledger.accept(newMessage({ recipient: BEN, content: image(shared) }));
  await t.ledger.receive(DEVICE, written("A1", { kind: "image", source: "AAAA" }), NOW);
  const campaign = await mint();
  await t.ledger.accept(toAna({ content: image(campaign) }));
  const settings = { ...BATCH, template: { ...image(campaign), caption: "Hello {{name}}" } };
  const fresh = { id: mintBatchId(randomBytes(6)), settings: settings as BatchSettings };
  await t.ledger.createBatch({ ...fresh, deviceIds: [DEVICE], keyId: "key_1", now: NOW });
  await t.ledger.keepUpload(DEVICE, { id: hers, kind: "image" }, { url: "u" } as never);

  await t.ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  await finish(t, "op_1");
  const dropped = await t.ledger.dropOldMedia(NOW, 10);
  expect(dropped.map(({ id }) => id).toSorted()).toEqual([hers, hersToo].toSorted());
  for (const id of [shared, campaign])
    // oxlint-disable-next-line no-await-in-loop
    expect(await t.ledger.findMedia(id)).toBeDefined();
  expect(await t.ledger.findUpload(DEVICE, { id: hers, kind: "image" })).toBeUndefined();
});

test("a batch keeps its counts: her rows are there without a name and a word", async () => {
  await using t = await setup();
  const fresh = { id: mintBatchId(randomBytes(6)), settings: BATCH, deviceIds: [DEVICE] };
  const made = await t.ledger.createBatch({ ...fresh, keyId: "key_1", now: NOW });
  if (made.kind !== "created") throw new Error(made.kind);
  const rows: (PackedRow | null)[] = [
    { to: ANA, clientRef: "Ana", values: ["dear Ana"], metadata: { a: ANA } },
    { to: BEN, values: ["Ben"] },
    null,
    { to: ANA, content: { kind: "text", text: "dear Ana" } },
  ];
  const wrong = { row: 3, line: 4, kind: "duplicate", field: "to", value: ANA } as const;
  const error = { ...wrong, code: "VALIDATION_ERROR", message: `${ANA} stands in line 2` } as const;
  const chunk = { index: 0, hash: "h0", rows, errors: [error], now: NOW };
  expect(await t.ledger.appendChunk(made.batch, chunk)).toEqual({ kind: "stored" });
  await t.redis.hset(t.keys.exits(made.batch.id), "1", 'body|{"kind":"text","text":"dear Ana"}');
  await t.redis.hset(t.keys.exits(made.batch.id), "2", `canceled|${NOW}`);
  const counts = (await t.ledger.findBatch(made.batch.id))?.counts;

  await t.ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  expect(await finish(t, "op_1")).toMatchObject({ state: "done", failed: 0 });
  expect(await traces(t)).toEqual([]);
  expect(await t.ledger.readChunk(made.batch.id, 0)).toEqual([
    { to: ERASED, values: [""] },
    { to: BEN, values: ["Ben"] },
    null,
    { to: ERASED, content: { kind: "text", text: "" } },
  ]);
  expect(await t.ledger.batchErrors(made.batch.id, { after: 0, limit: 5 })).toMatchObject([
    { row: 3, value: ERASED, message: `${ERASED} stands in line 2` },
  ]);
  expect((await t.ledger.findBatch(made.batch.id))?.counts).toEqual(counts);
  expect(await t.redis.hgetall(t.keys.exits(made.batch.id))).toEqual({ 2: `canceled|${NOW}` });
});

test("nothing is ever sent to who was erased", async () => {
  await using t = await setup();
  const message = newMessage({ recipient: ERASED });
  await t.ledger.accept(message);
  expect((await t.begin(message.id)).begun.kind).toBe("suppressed");
});

test("a suppression under a LID that is found on the way becomes a digest too", async () => {
  await using t = await setup();
  await t.ledger.rememberRecipient(ANA, { lid: OLD_LID });
  await t.ledger.rememberRecipient(ANA, { lid: LID });
  const old = { recipient: OLD_LID, reason: "opt_out" } as const;
  await t.ledger.addSuppressions([old], { by: DEVICE, now: NOW });
  await t.ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  await finish(t, "op_1");
  expect(await traces(t)).toEqual([]);
  expect((await t.ledger.suppressedOf([OLD_LID], "bulk")).size).toBe(1);
});

test("a LID that only a received message tells is hers too", async () => {
  await using t = await setup();
  const group = { chat: "120363039000000000@g.us", from: LID, author: LID };
  await t.ledger.receive(DEVICE, written("A1", group), NOW);
  await t.ledger.receive(DEVICE, written("A2", { lid: LID }), NOW);
  await t.ledger.trust(DEVICE, LID, NOW + 1e9);
  await t.ledger.beginErasure({ id: "op_1", name: ANA, keyId: "key_1", now: NOW });
  expect(await finish(t, "op_1")).toMatchObject({ state: "done" });
  expect(await traces(t)).toEqual([]);
});

test("an erasure by the LID of somebody whose number is known finds both", async () => {
  await using t = await setup();
  await live(t);
  await t.ledger.beginErasure({ id: "op_1", name: LID, keyId: "key_1", now: NOW });
  expect(await finish(t, "op_1")).toMatchObject({ state: "done" });
  expect(await traces(t)).toEqual([]);
});

import { type BatchId, type MessageId, rowMessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;
type Bed = Awaited<ReturnType<typeof setup>>;

const idOf = (number: number) => `3EB0${String(number).padStart(18, "0")}` as MessageId;

/** Accepts, feeds and begins a message of a recipient of its own. */
async function begun(t: Bed, number: number) {
  const id = idOf(number);
  const recipient = `55119000001${String(number).padStart(2, "0")}`;
  const accepted = await t.ledger.accept(newMessage({ id, recipient }));
  const fed = await t.feed(t.own, { pick: id });
  if (fed.kind !== "fed") throw new Error(`not fed: ${fed.kind}`);
  await t.ledger.rememberRecipient(recipient, { lid: String(number) });
  const job = { messageId: id, feed: fed.feed, token: `t${number}`, now: NOW, connectedSince: 0 };
  return { id, job, accepted, fed, begun: await t.ledger.begin(t.own, job) };
}

/** Each of them once, in the order of a life; what came back, and what is there at the end. */
async function lives(t: Bed) {
  const told: unknown[] = [];
  const { ledger, own } = t;
  await ledger.changeDevice(own, { state: "connected", now: NOW, phone: "5511900000001" });
  const sent = await begun(t, 1);
  const proof = { messageId: sent.id, proves: "sent", now: NOW + 1 } as const;
  await ledger.recordEvidence(DEVICE, proof);
  await ledger.recordEvidence(DEVICE, { ...proof, proves: "read", now: NOW + 2 });

  const retried = await begun(t, 2);
  const fault = { code: "SEND_FAILED", detail: "" } as const;
  const retry = { to: "queued", now: NOW, token: "t2", failure: fault } as const;
  await ledger.settle(own, retried.id, { ...retry, wait: { kind: "due", at: NOW + 5 } });
  await ledger.serveDue(NOW + 5, 10);

  const dead = await begun(t, 3);
  const refused = { code: "SEND_REJECTED", detail: "" } as const;
  await ledger.settle(own, dead.id, { to: "failed", now: NOW, token: "t3", failure: refused });
  told.push(await ledger.redrive(dead.id, NOW + 6, { kind: "text", text: "better" }));

  const canceled = newMessage({ id: idOf(4), sendAt: NOW + 1_000 });
  told.push(await ledger.accept(canceled), await ledger.cancel(canceled.id, NOW + 7));

  const lost = await begun(t, 6);
  const held = await begun(t, 5);
  const restricted = { code: "ACCOUNT_RESTRICTED", detail: "" } as const;
  await ledger.settle(own, held.id, {
    to: "queued",
    now: NOW,
    token: "t5",
    failure: restricted,
    wait: { kind: "backlog" },
    taken: { hold: 1 },
    holdUntil: NOW + 1_000,
  });
  const cold = (await ledger.peek(DEVICE, NOW)).candidates.map(({ id }) => id);
  await t.feed(own, { held: cold });

  await ledger.drop("worker-1", own);
  const next = await ledger.take(DEVICE, "worker-2");
  if (next === undefined) throw new Error("no lease");
  await ledger.takeOver(next, { now: NOW + 8, due: NOW + 9 });
  await ledger.closeLane(next);
  await ledger.pauseLane(DEVICE, true, { now: NOW + 10 });
  const state = { state: "connected", now: NOW + 11 } as const;
  await ledger.changeDevice(next, { ...state, phone: "5511900000009" });
  await ledger.moveGenerations(DEVICE, "release", { now: NOW + 12, generation: 2 });

  told.push(sent, retried, dead, held, lost, next);
  const ids = [1, 2, 3, 4, 5, 6].map(idOf);
  return {
    told,
    records: await Promise.all(ids.map((id) => ledger.findMessage(id))),
    events: await Promise.all(ids.map((id) => t.events(id))),
    letters: await ledger.letterIds({ limit: 10 }),
    lane: await ledger.reportLane(DEVICE, NOW + 13),
    window: await ledger.window(DEVICE),
    gates: (await t.redis.keys("*:gate:*")).toSorted(),
    aside: (await t.redis.keys("*:aside:*")).toSorted(),
  };
}

test("a command that is sent again after a lost reply changes nothing more, and answers the same", async () => {
  await using once = await setup();
  await using again = await setup({}, { twice: true });
  expect(await lives(again)).toEqual(await lives(once));
});

/** A batch's life, each command once; what came back, and what is there at the end. */
async function batchLives(t: Bed) {
  const told: unknown[] = [];
  const { ledger, own } = t;
  const id = "bat_0123456789A" as BatchId;
  const settings = {
    from: DEVICE,
    template: { kind: "text", text: "{{n}}" },
    priority: "bulk",
    dedupe: "client_ref",
    onInvalid: "skip",
    start: "complete",
  } as const;
  const claim = { digest: "d", fingerprint: "f" };
  const made = { id, settings, deviceIds: [DEVICE], keyId: "key_1", claim, now: NOW };
  told.push(await ledger.createBatch(made));
  const rows = [1, 2, 3, 4, 5, 6].map((n) => ({
    to: `55119000005${String(n).padStart(2, "0")}`,
    values: [String(n)],
    clientRef: `ref ${n}`,
  }));
  for (const { to } of rows)
    // oxlint-disable-next-line no-await-in-loop -- few
    await ledger.rememberRecipient(to, { lid: to });
  const batch = { id, keyId: "key_1", settings };
  // The second time it is compared with itself.
  const stored = await ledger.appendChunk(batch, {
    index: 0,
    hash: "h",
    rows,
    errors: [],
    now: NOW,
  });
  expect(["stored", "same"]).toContain(stored.kind);
  told.push(await ledger.finishUpload(id, { rows: 6, now: NOW }));
  told.push(await ledger.cancel(rowMessageId(id, 5), NOW + 1));
  const drawn = rows.slice(0, 4).map((row, at) => ({
    ...row,
    row: at + 1,
    content: { kind: "text", text: String(at + 1) } as const,
  }));
  told.push(await ledger.drawRows(own, { batchId: id, from: 1, to: 5, rows: drawn, now: NOW + 2 }));

  const begin = async (row: number) => {
    const messageId = rowMessageId(id, row);
    const fed = await t.feed(own, { pick: messageId });
    if (fed.kind !== "fed") throw new Error(`not fed: ${fed.kind}`);
    const job = { messageId, feed: fed.feed, token: `t${row}`, now: NOW + 3, connectedSince: 0 };
    return ledger.begin(own, job);
  };
  told.push(await begin(1));
  const proof = { messageId: rowMessageId(id, 1), proves: "sent", now: NOW + 4 } as const;
  await ledger.recordEvidence(DEVICE, proof);
  await ledger.recordEvidence(DEVICE, { ...proof, proves: "read", now: NOW + 5 });
  told.push(await begin(2));
  const failure = { code: "SEND_REJECTED", detail: "" } as const;
  const failed = { to: "failed", now: NOW + 6, token: "t2", failure } as const;
  await ledger.settle(own, rowMessageId(id, 2), failed);
  const fed = await t.feed(own, { pick: rowMessageId(id, 3) });
  told.push(await ledger.steerBatch(id, "pause", NOW + 7));
  if (fed.kind !== "fed") throw new Error(`not fed: ${fed.kind}`);
  const job = { messageId: rowMessageId(id, 3), feed: fed.feed, token: "t3", now: NOW + 8 };
  told.push(await ledger.begin(own, { ...job, connectedSince: 0 }));
  told.push((await ledger.peek(DEVICE, NOW + 8)).candidates);
  told.push(await ledger.steerBatch(id, "resume", NOW + 9));
  told.push((await ledger.peek(DEVICE, NOW + 9)).candidates.map((one) => one.id));
  told.push(await ledger.redrive(rowMessageId(id, 2), NOW + 10));
  told.push(await ledger.steerBatch(id, "cancel", NOW + 11));
  await ledger.serveBatches(NOW + 12, 10);
  const found = await ledger.findBatch(id);
  if (found === undefined) throw new Error("the batch is lost");
  return {
    told,
    found,
    rows: await ledger.batchRows(found, { after: 0, limit: 10 }),
    left: (await t.redis.keys("*")).filter((key) => !key.includes(":pulse:")).toSorted(),
  };
}

test("so it is with all that a batch lives through", async () => {
  await using once = await setup();
  await using again = await setup({}, { twice: true });
  expect(await batchLives(again)).toEqual(await batchLives(once));
});

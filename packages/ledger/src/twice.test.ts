import type { MessageId } from "@pombo/domain";
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

  const lost = await begun(t, 6);
  await ledger.drop("worker-1", own);
  const next = await ledger.take(DEVICE, "worker-2");
  if (next === undefined) throw new Error("no lease");
  await ledger.takeOver(next, { now: NOW + 8, due: NOW + 9 });
  await ledger.closeLane(next);
  await ledger.pauseLane(DEVICE, true, NOW + 10);
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

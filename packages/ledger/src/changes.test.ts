import type { MessageContent, MessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;

function deletionOf(id: MessageId): MessageContent {
  return { kind: "delete", target: { id, fromMe: true } };
}

test("a change goes only after its message, even when that one stands behind it", async () => {
  await using t = await setup({ target_wait_ms: 5 });
  const target = newMessage({ sendAt: NOW + 60_000 });
  const change = newMessage({ content: deletionOf(target.id) });
  await t.ledger.accept(target);
  await t.ledger.accept(change);
  const { begun } = await t.begin(change.id);
  expect(begun.kind).toBe("ghost");
  expect(await t.ledger.viewMessage(change.id, NOW)).toMatchObject({
    message: { status: "queued", place: "due" },
    wait: { blockedBy: "order" },
  });
  // Nobody stands behind it meanwhile.
  expect(await t.redis.exists(t.keys.gate(target.deviceId, target.recipient))).toBe(0);
  const evidence = { messageId: target.id, proves: "sent", now: NOW } as const;
  await t.ledger.serveDue(NOW + 60_000, 10);
  await t.ledger.recordEvidence(target.deviceId, evidence);
  expect((await t.begin(change.id, NOW + 60_001)).begun.kind).toBe("go");
});

test("a change of what was never sent is told so before it is sent", async () => {
  await using t = await setup();
  const target = newMessage();
  const change = newMessage({ content: deletionOf(target.id) });
  await t.ledger.accept(target);
  await t.ledger.accept(change);
  await t.ledger.cancel(target.id, NOW);
  const { begun } = await t.begin(change.id);
  expect(begun.kind).toBe("orphan");
});

test("a change of what another number of the device sent does not go from this one", async () => {
  await using t = await setup();
  const { deviceId, ...target } = newMessage();
  const state = { state: "connected", now: NOW } as const;
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000001" });
  await t.ledger.accept({ deviceId, ...target });
  await t.ledger.recordEvidence(deviceId, { messageId: target.id, proves: "sent", now: NOW });
  const change = newMessage({ content: deletionOf(target.id) });
  await t.ledger.accept(change);
  await t.ledger.changeDevice(t.own, { ...state, phone: "5511900000008" });
  await t.ledger.moveGenerations(deviceId, "release", { now: NOW, generation: 2 });
  expect((await t.begin(change.id)).begun.kind).toBe("orphan");
});

test("a change of a message of somebody else waits for nothing", async () => {
  await using t = await setup();
  const target = { id: "3EB0FFFFFFFFFFFFFFFFFF", fromMe: false };
  const change = newMessage({ content: { kind: "reaction", target, emoji: "👍" } });
  await t.ledger.accept(change);
  expect((await t.begin(change.id)).begun.kind).toBe("go");
});

test("a message is changed only as it was seen, and while it has not left", async () => {
  await using t = await setup();
  const message = newMessage();
  await t.ledger.accept(message);
  const seen = { id: message.id, version: 1 };
  const content = { kind: "text", text: "better" } as const;
  const move = { kind: "body", content } as const;
  expect(await t.ledger.changeTarget({ ...seen, version: 2 }, move, NOW)).toBe("moved");
  expect(await t.ledger.changeTarget(seen, move, NOW)).toBe("done");
  const { begun } = await t.begin(message.id);
  expect(begun).toMatchObject({ kind: "go", content });
  expect(await t.ledger.changeTarget({ ...seen, version: 2 }, { kind: "cancel" }, NOW)).toBe(
    "moved",
  );
  const nobody = { id: newMessage().id, version: 1 };
  expect(await t.ledger.changeTarget(nobody, move, NOW)).toBe("absent");
});

test("a change that waits for its message takes no place of the day", async () => {
  await using t = await setup({ pace_daily_cap: 5 });
  const target = newMessage({ sendAt: NOW + 60_000 });
  const change = newMessage({ content: deletionOf(target.id) });
  await t.ledger.accept(target);
  await t.ledger.accept(change);
  expect((await t.begin(change.id)).begun.kind).toBe("ghost");
  expect((await t.ledger.peek(target.deviceId, NOW)).budget.left).toBe(5);
});

test("of two deletions at once one is taken; the other one waits for what becomes of it", async () => {
  await using t = await setup({ idempotency_claim_ms: 100 });
  const message = newMessage();
  await t.ledger.accept(message);
  const seen = { id: message.id, version: 1 };
  const [first, second] = [
    newMessage({ content: deletionOf(message.id) }),
    newMessage({ content: deletionOf(message.id) }),
  ];
  const mark = ({ id }: typeof first, at = NOW) =>
    t.ledger.changeTarget(seen, { kind: "deleted-by", messageId: id }, at);
  expect(await mark(first)).toBe("done");
  expect(await mark(second)).toBe("taken");
  // The same request again.
  expect(await mark(first)).toBe("done");
  await t.ledger.accept(first);
  expect(await mark(second)).toBe("moved");
  await t.ledger.cancel(first.id, NOW);
  expect(await mark(second)).toBe("done");
  // Whoever asked for the second one died before it was accepted.
  expect(await mark(newMessage(), NOW + 99)).toBe("taken");
  expect(await mark(newMessage(), NOW + 100)).toBe("done");
});

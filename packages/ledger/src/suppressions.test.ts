import type { Priority, SuppressionReason } from "@pombo/domain";
import { expect, test } from "vitest";
import type { NewSuppression } from "./suppressions.ts";
import { newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;
const ANA = "5511900000002";
const how = { by: "key_1", now: NOW };

const manual = (recipient: string): NewSuppression => ({ recipient, reason: "manual" });

test.each([
  { reason: "manual", priority: "normal", stopped: true },
  { reason: "manual", priority: "otp", stopped: true },
  { reason: "opt_out", priority: "bulk", stopped: true },
  { reason: "opt_out", priority: "otp", stopped: false },
] as const)("$reason, priority $priority: the look-up, accept and begin agree", async (row) => {
  await using t = await setup();
  const { reason, priority, stopped } = row;
  const earlier = newMessage({ recipient: ANA, priority });
  await t.ledger.accept(earlier);
  await t.ledger.addSuppressions([{ recipient: ANA, reason }], how);

  const told = await t.ledger.suppressedOf([ANA, "5511900000003"], priority);
  expect([...told]).toEqual(stopped ? [ANA] : []);
  const accepted = await t.ledger.accept(newMessage({ recipient: ANA, priority }));
  expect(accepted.kind).toBe(stopped ? "suppressed" : "accepted");
  const { begun } = await t.begin(earlier.id);
  expect(begun.kind).toBe(stopped ? "suppressed" : "go");
});

test("with opt_out_spares_otp 0 an opt-out stops one-time passwords too", async () => {
  await using t = await setup({ opt_out_spares_otp: 0 });
  await t.ledger.addSuppressions([{ recipient: ANA, reason: "opt_out" }], how);
  expect((await t.ledger.suppressedOf([ANA], "otp")).has(ANA)).toBe(true);
  const otp = newMessage({ recipient: ANA, priority: "otp" });
  expect(await t.ledger.accept(otp)).toEqual({ kind: "suppressed" });
});

test("a refused message leaves its idempotency key free, and a repeat of an accepted one is joined", async () => {
  await using t = await setup();
  const claim = { digest: "d1", token: "t1", fingerprint: "f1" };
  const first = newMessage({ recipient: ANA });
  await t.ledger.accept(first, claim);
  await t.ledger.addSuppressions([manual(ANA)], how);
  const repeat = await t.ledger.accept(newMessage({ recipient: ANA }), { ...claim, token: "t2" });
  expect(repeat).toMatchObject({ kind: "joined", messageId: first.id });

  const other = { digest: "d2", token: "t3", fingerprint: "f2" };
  expect(await t.ledger.accept(newMessage({ recipient: ANA }), other)).toEqual({
    kind: "suppressed",
  });
  expect(await t.redis.exists(t.keys.idempotency("d2"))).toBe(0);
});

test("what may have left is not held up, and what deletes for everyone may go", async () => {
  await using t = await setup();
  const sent = newMessage({ recipient: ANA });
  await t.ledger.accept(sent);
  await t.begin(sent.id);
  await t.ledger.settle(t.own, sent.id, {
    to: "unknown",
    now: NOW + 200,
    token: "t1",
    mayHaveLeft: true,
    wait: { kind: "due", at: NOW + 300 },
  });
  await t.ledger.addSuppressions([manual(ANA)], how);
  await t.ledger.serveDue(NOW + 300, 10);
  const fed = await t.feed(t.own, { pick: sent.id, now: NOW + 400 });
  if (fed.kind !== "fed") throw new Error(fed.kind);
  const job = { messageId: sent.id, feed: fed.feed, token: "t2", now: NOW + 400 };
  expect(await t.ledger.begin(t.own, { ...job, connectedSince: 0 })).toMatchObject({ kind: "go" });

  const target = { id: sent.id, fromMe: true } as const;
  const takesBack = newMessage({ recipient: ANA, content: { kind: "delete", target } });
  expect(await t.ledger.accept(takesBack)).toMatchObject({ kind: "accepted" });
});

test("who opted out by his LID is stopped when his message begins", async () => {
  await using t = await setup();
  const message = newMessage({ recipient: ANA });
  await t.ledger.accept(message);
  await t.ledger.addSuppressions([{ recipient: "77@lid", reason: "opt_out" }], how);
  const fed = await t.feed(t.own, { pick: message.id });
  if (fed.kind !== "fed") throw new Error(fed.kind);
  await t.ledger.rememberRecipient(ANA, { lid: "77@lid" });
  const job = { messageId: message.id, feed: fed.feed, token: "t1", now: NOW, connectedSince: 0 };
  expect(await t.ledger.begin(t.own, job)).toMatchObject({ kind: "suppressed" });
  expect(await t.ledger.findSuppression(ANA)).toMatchObject({ recipient: "77@lid" });
});

test("what is there stays, except that manual takes the place of an opt-out", async () => {
  await using t = await setup();
  const add = async (reason: SuppressionReason, by: string) => {
    const [result] = await t.ledger.addSuppressions([{ recipient: ANA, reason, note: by }], {
      by,
      now: NOW,
    });
    return result;
  };
  expect(await add("opt_out", "key_1")).toBe("added");
  expect(await add("opt_out", "key_2")).toBe("already");
  expect(await add("manual", "key_3")).toBe("changed");
  expect(await add("opt_out", "key_4")).toBe("already");
  expect(await t.ledger.findSuppression(ANA)).toEqual({
    recipient: ANA,
    reason: "manual",
    at: NOW,
    by: "key_3",
    note: "key_3",
    erased: false,
  });
  expect(await t.ledger.removeSuppression(ANA, NOW)).toBe(true);
  expect(await t.ledger.removeSuppression(ANA, NOW)).toBe(false);
  expect(await t.ledger.findSuppression(ANA)).toBeUndefined();
});

test("the pages of the list hold every entry once, newest first", async () => {
  await using t = await setup();
  const numbers = Array.from({ length: 1_203 }, (_, index) => String(5_511_900_000_000 + index));
  await t.ledger.addSuppressions(numbers.map(manual), how);
  const seen: string[] = [];
  let before: number | undefined;
  do {
    const page = await t.ledger.listSuppressions({
      limit: 500,
      ...(before === undefined ? {} : { before }),
    });
    seen.push(...page.found.map(({ recipient }) => recipient));
    before = page.next;
  } while (before !== undefined);
  expect(seen).toEqual(numbers.toReversed());
});

test("each change is an event: one recipient by name, many by their count", async () => {
  await using t = await setup();
  await t.ledger.addSuppressions([manual(ANA)], how);
  await t.ledger.addSuppressions([manual(ANA), manual("5511900000003")], how);
  await t.ledger.addSuppressions([manual("5511900000004"), manual("5511900000005")], how);
  await t.ledger.removeSuppression(ANA, NOW);
  const entries = await t.redis.xrange(t.keys.events(), "-", "+");
  const told = entries.flatMap(([, fields]) =>
    String(fields[1]).startsWith("suppression.")
      ? [[fields[1], JSON.parse(fields.at(-1) ?? "")]]
      : [],
  );
  expect(told).toEqual([
    ["suppression.added", { to: ANA, reason: "manual", count: 1 }],
    ["suppression.added", { to: "5511900000003", reason: "manual", count: 1 }],
    ["suppression.added", { count: 2 }],
    ["suppression.removed", { to: ANA, count: 1 }],
  ]);
});

test("nobody is on an empty list", async () => {
  await using t = await setup();
  const priorities: readonly Priority[] = ["otp", "bulk"];
  for (const priority of priorities)
    expect((await t.ledger.suppressedOf([ANA], priority)).size).toBe(0);
  expect((await t.ledger.suppressedOf([], "bulk")).size).toBe(0);
});

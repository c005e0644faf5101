import type { InboundMessage } from "@pombo/domain";
import { expect, test } from "vitest";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;

function written(id: string, over: Partial<InboundMessage> = {}): InboundMessage {
  const from = "5511900000002";
  return { id, chat: from, from, at: NOW, kind: "text", text: 'a "quoted" text', ...over };
}

test("a received message is kept and told once, with what it says", async () => {
  await using t = await setup();
  const source = "AAAA";
  const image = written("A1", { kind: "image", media: { mimeType: "image/png", size: 3 }, source });
  expect(await t.ledger.receive(DEVICE, image, NOW)).toBe(true);
  expect(await t.ledger.receive(DEVICE, image, NOW)).toBe(false);
  expect(await t.ledger.findReceived(DEVICE, "A1")).toEqual(image);
  expect(await t.ledger.findReceived(DEVICE, "A2")).toBeUndefined();
  const told = (await t.redis.xrange(t.keys.events(), "-", "+"))
    .map(([, fields]) => fields)
    .filter((fields) => fields.includes("message.received"));
  expect(told).toHaveLength(1);
  const more = told[0]?.[told[0].indexOf("more") + 1] ?? "";
  expect(JSON.parse(more)).toEqual({
    chat_jid: "5511900000002@s.whatsapp.net",
    from: "5511900000002",
    kind: "image",
    sent_at: new Date(NOW).toISOString(),
    text: 'a "quoted" text',
    media: { mime_type: "image/png", size: 3 },
  });
});

test("what history brings is kept and not told; a device that is gone keeps nothing", async () => {
  await using t = await setup();
  const before = await t.redis.xlen(t.keys.events());
  expect(await t.ledger.receive(DEVICE, written("A1"), NOW, { old: true })).toBe(true);
  expect(await t.redis.xlen(t.keys.events())).toBe(before);
  expect(await t.ledger.receive("dev_gone0000" as never, written("A1"), NOW)).toBe(false);
});

test("a number that is hidden, and known to us, is told all the same", async () => {
  await using t = await setup();
  await t.ledger.rememberRecipient("5511900000002", { lid: "77@lid" });
  await t.ledger.receive(DEVICE, written("A1", { chat: "77@lid", from: "77@lid" }), NOW);
  const number = "5511900000002";
  expect(await t.ledger.findReceived(DEVICE, "A1")).toMatchObject({ chat: number, from: number });
  await t.ledger.receive(DEVICE, written("A2", { chat: "78@lid", from: "78@lid" }), NOW);
  expect(await t.ledger.findReceived(DEVICE, "A2")).toMatchObject({ from: "78@lid" });
});

test("received messages are listed newest first, page by page, also where times are equal", async () => {
  await using t = await setup();
  for (const [index, id] of ["A", "B", "C", "D", "E"].entries())
    // oxlint-disable-next-line no-await-in-loop -- in order
    await t.ledger.receive(DEVICE, written(id, { at: NOW + (index < 3 ? 0 : index) }), NOW);
  const ids: string[] = [];
  let before: { at: number; id: string } | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const page = await t.ledger.listReceived(DEVICE, {
      limit: 2,
      ...(before === undefined ? {} : { before }),
    });
    ids.push(...page.map(({ id }) => id));
    const last = page.at(-1);
    if (last === undefined) break;
    before = { at: last.at, id: last.id };
  }
  expect(ids).toEqual(["E", "D", "C", "B", "A"]);
});

test("each member of a group is counted once, whatever comes first", async () => {
  await using t = await setup();
  const message = newMessage({ recipient: "120363039000000000@g.us" });
  await t.ledger.accept(message);
  const count = (member: string, read: boolean) =>
    t.ledger.countReceipt(DEVICE, { messageId: message.id, member, read });
  await count("1", false);
  await count("1", false);
  await count("2", true);
  await count("2", false);
  await count("1", true);
  await count("3", false);
  expect((await t.ledger.findMessage(message.id))?.receipts).toEqual({ delivered: 3, read: 2 });
  const foreign = { messageId: message.id, member: "4", read: true };
  await t.ledger.countReceipt("dev_other0000" as never, foreign);
  expect((await t.ledger.findMessage(message.id))?.receipts).toEqual({ delivered: 3, read: 2 });
});

test("look-ups of numbers are so many a day", async () => {
  await using t = await setup({ contact_lookups: 10 });
  const day = 86_400_000;
  expect(await t.ledger.takeLookups(DEVICE, 7, NOW)).toBe(7);
  expect(await t.ledger.takeLookups(DEVICE, 7, NOW)).toBe(3);
  expect(await t.ledger.takeLookups(DEVICE, 1, NOW)).toBe(0);
  expect(await t.ledger.takeLookups(DEVICE, 99, NOW + day)).toBe(10);
});

test("a device's messages are listed by sequence, and those that are gone leave the list", async () => {
  await using t = await setup();
  const sent = [newMessage(), newMessage(), newMessage()];
  for (const message of sent)
    // oxlint-disable-next-line no-await-in-loop -- in order
    await t.ledger.accept(message);
  const [first, second, third] = sent.map(({ id }) => id);
  const page = await t.ledger.listMessages([DEVICE], { limit: 2 });
  expect(page.messages.map(({ id }) => id)).toEqual([third, second]);
  const next = page.next === undefined ? {} : { before: page.next };
  const rest = await t.ledger.listMessages([DEVICE], { limit: 2, ...next });
  expect(rest.messages.map(({ id }) => id)).toEqual([first]);
  expect(rest.next).toBeUndefined();
  await t.redis.del(t.keys.message(second as never));
  await t.ledger.trimOutbox(DEVICE, NOW + 700_000_000);
  expect(await t.redis.zrange(t.keys.outbox(DEVICE), "0", "-1")).toEqual([first, third]);
});

test("who opts out is on the suppression list from then on, and his device hears it", async () => {
  await using t = await setup();
  const stop = written("A1", { text: "stop" });
  expect(await t.ledger.receive(DEVICE, stop, NOW, { optsOut: true })).toBe(true);
  expect(await t.ledger.receive(DEVICE, stop, NOW, { optsOut: true })).toBe(false);
  expect(await t.ledger.findSuppression(stop.from)).toEqual({
    recipient: stop.from,
    reason: "opt_out",
    at: NOW,
    by: DEVICE,
    erased: false,
  });
  const added = (await t.redis.xrange(t.keys.events(), "-", "+"))
    .map(([, fields]) => fields)
    .filter((fields) => fields.includes("suppression.added"));
  expect(added).toHaveLength(1);
  expect(added[0]?.[5]).toBe(DEVICE);
  const old = written("A2", { from: "5511900000003", chat: "5511900000003" });
  await t.ledger.receive(DEVICE, old, NOW, { old: true, optsOut: true });
  expect(await t.ledger.findSuppression("5511900000003")).toBeUndefined();
});

test("who opts out under another form of the number that we write to is stopped under both, and comes off under both", async () => {
  await using t = await setup();
  const [written9, theirs, lid] = ["5531987654321", "553187654321", "77@lid"];
  await t.ledger.rememberRecipient(written9, { lid });
  const stop = written("A1", { chat: theirs, from: theirs, lid });
  await t.ledger.receive(DEVICE, stop, NOW, { optsOut: true });
  const names = [written9, theirs, lid];
  expect([...(await t.ledger.suppressedOf(names, "bulk"))]).toEqual(names);
  const added = (await t.redis.xrange(t.keys.events(), "-", "+")).filter(([, fields]) =>
    fields.includes("suppression.added"),
  );
  expect(added).toHaveLength(1);
  expect(await t.ledger.removeSuppression(written9, NOW)).toBe(true);
  expect((await t.ledger.suppressedOf([written9, lid], "bulk")).size).toBe(0);
});

test("who opts out under a LID whose number is known is on the list by his number", async () => {
  await using t = await setup();
  await t.ledger.rememberRecipient("5511900000002", { lid: "77@lid" });
  const stop = written("A1", { chat: "77@lid", from: "77@lid" });
  await t.ledger.receive(DEVICE, stop, NOW, { optsOut: true });
  expect((await t.ledger.suppressedOf(["5511900000002"], "bulk")).size).toBe(1);
});

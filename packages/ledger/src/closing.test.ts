import type { MessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_100;
const claim = { digest: "digest", token: "token", fingerprint: "f" };

/** A message that was accepted under an idempotency key. */
async function accepted() {
  const bed = await setup();
  const message = newMessage();
  const request = { fingerprint: "f", messageId: message.id, now: NOW };
  await bed.ledger.claim(claim, request);
  const fail = (mayHaveLeft?: true) =>
    bed.ledger.settle(bed.own, message.id, {
      to: "failed",
      now: NOW,
      failure: { code: "SEND_FAILED", detail: "" },
      ...(mayHaveLeft === undefined ? {} : { mayHaveLeft }),
    });
  const next = newMessage().id;
  /** Under which id a repeat of the request is served. */
  const repeated = async (): Promise<MessageId | undefined> => {
    const again = { ...claim, token: "another" };
    const found = await bed.ledger.claim(again, { ...request, messageId: next, now: NOW + 1 });
    return found.kind === "claimed" || found.kind === "accepted" ? found.messageId : undefined;
  };
  const told = { digest: claim.digest, now: NOW };
  return { ...bed, message, fail, next, repeated, told, mine: { claim, now: NOW } };
}

test("closed: a failed message is no letter, and the next try under its key is a new message", async () => {
  await using bed = await accepted();
  await bed.ledger.accept(bed.message, claim);
  await bed.fail();
  const { id } = bed.message;
  expect(await bed.ledger.closeMessage(id, { ...bed.told, version: 2 })).toEqual({
    kind: "closed",
  });
  expect(await bed.ledger.isLetter(id)).toBe(false);
  expect(await bed.ledger.redrive(id, NOW)).toEqual({ kind: "not-a-letter" });
  expect(await bed.ledger.closeMessage(id, { ...bed.told, version: 2 })).toEqual({
    kind: "closed",
  });
  expect(await bed.repeated()).toBe(bed.next);
});

test.each(["may have left", "redriven", "redriven and failed again"])(
  "not closed: it has %s",
  async (what) => {
    await using bed = await accepted();
    await bed.ledger.accept(bed.message, claim);
    const { id } = bed.message;
    await bed.fail(what === "may have left" ? true : undefined);
    if (what !== "may have left") await bed.ledger.redrive(id, NOW);
    if (what === "redriven and failed again") await bed.fail();
    const closed = await bed.ledger.closeMessage(id, { ...bed.told, version: 2 });
    expect(closed.kind).toBe("refused");
    expect(await bed.repeated()).toBe(id);
  },
);

test("withdrawn: what waits is canceled, and what never came can't come any more", async () => {
  await using bed = await accepted();
  await bed.ledger.accept(bed.message, claim);
  expect(await bed.ledger.withdraw(bed.message.id, bed.mine)).toEqual({ kind: "closed" });
  expect(await bed.ledger.withdraw(bed.message.id, bed.mine)).toEqual({ kind: "closed" });
  expect((await bed.ledger.findMessage(bed.message.id))?.status).toBe("canceled");

  const late = newMessage();
  expect(await bed.ledger.withdraw(late.id, { now: NOW })).toEqual({ kind: "closed" });
  await bed.ledger.accept(late);
  expect(await bed.ledger.findMessage(late.id)).toBeUndefined();
  expect((await bed.ledger.window(late.deviceId)).map(({ messageId }) => messageId)).toEqual([]);
  expect(await bed.ledger.cancel(late.id, NOW)).toEqual({ kind: "absent" });
});

test("what is under way is not withdrawn", async () => {
  await using bed = await accepted();
  await bed.ledger.accept(bed.message, claim);
  await bed.begin(bed.message.id);
  expect(await bed.ledger.withdraw(bed.message.id, bed.mine)).toEqual({
    kind: "refused",
    status: "sending",
    messageId: bed.message.id,
  });
  expect(await bed.ledger.hasAccepted(claim.digest)).toBe(true);
});

test("what another request has resumed under the same key is not withdrawn", async () => {
  await using bed = await accepted();
  const other = { ...claim, token: "another" };
  const request = { fingerprint: "f", messageId: bed.next, now: NOW + 60_000 };
  expect(await bed.ledger.claim(other, request)).toMatchObject({ messageId: bed.message.id });
  expect(await bed.ledger.withdraw(bed.message.id, bed.mine)).toEqual({ kind: "claim-lost" });
  await bed.ledger.accept(bed.message, other);
  expect(await bed.ledger.withdraw(bed.message.id, bed.mine)).toEqual({
    kind: "refused",
    status: "queued",
    messageId: bed.message.id,
  });
});
